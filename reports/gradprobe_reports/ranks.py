"""Which rows of the table of ranks are shown where there is no room for all, and their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradprobe.text import figures
from gradprobe.text.safe import safe

if TYPE_CHECKING:
    from gradprobe.values import RankRow

TITLES = ("rank", "steps", "skipped", "last loss", "ended")


def foremost(rows: Sequence[RankRow], most: int) -> list[RankRow]:
    """Return at most so many rows, in their order: the one that failed first, those that stand out, then the lowest ranks."""
    usual = Counter((row.steps, row.skipped, row.ending) for row in rows).most_common(1)

    def standing(row: RankRow) -> tuple[bool, bool, int]:
        return (not row.failed_first, (row.steps, row.skipped, row.ending) == usual[0][0], row.rank)

    return sorted(sorted(rows, key=standing)[:most], key=lambda row: row.rank)


def cells(row: RankRow, width: int) -> list[str]:
    """Return the words of a row.

    Args:
        row: The row.
        width: Characters that the last of them may have.
    """
    ending = f"failed first: {row.ending}" if row.failed_first else row.ending or "by itself"
    loss = "" if row.loss is None else figures.metric(row.loss)
    return [str(row.rank), f"{row.steps:,}", f"{row.skipped:,}", loss, safe(ending, width)]
