"""The rows of the table of ranks: how many steps each process took, where its loss is, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradprobe.record.failures import first_to_fail
from gradprobe.values import RankRow

if TYPE_CHECKING:
    from gradprobe.record.rank import Rank
    from gradprobe.record.record import Record


def rank_rows(record: Record) -> tuple[RankRow, ...]:
    """Return a row for each process, by rank; none where there was one process alone."""
    if record.ranks is None:
        return ()
    first = first_to_fail(record.ranks.all)
    return tuple(
        RankRow(
            rank=one.number,
            host=one.host,
            pid=one.pid,
            steps=one.steps,
            skipped=one.skipped,
            loss=one.loss,
            ending=ending_of(one),
            failed_first=one is first,
        )
        for one in record.ranks.all
    )


def ending_of(rank: Rank) -> str:
    """Return how a process ended, in words; nothing where it ended by itself, and well."""
    if rank.exception:
        return rank.exception
    if rank.is_gone and rank.is_forgiven:
        return "with the program that started it"
    if rank.is_gone:
        return "killed, or ended without a word"
    if rank.stopped_by is None:
        return "still running"
    if rank.stopped_by == "signal":
        return "ended by a signal"
    return f"exit code {rank.exit_code}" if rank.exit_code else ""
