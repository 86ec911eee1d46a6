"""The charts' numbers as tables, for those who read them, or have them read out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.text import figures
from gradprobe.text.safe import safe
from gradprobe_reports.ranks import TITLES, cells, foremost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.values import Report, Track

MOST_ROWS: Final = 200
_LONGEST_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table.

    Attributes:
        head: Its column titles.
        rows: Its cells, the first of each row a title.
        more: How many rows are left out.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int


def tables(report: Report) -> dict[str, TextTable]:
    """Return a table for each chart: `norms`, `metrics`, `rates` and `ratios`; and `ranks`."""
    series = report.series
    modules = [module for module in report.modules if module.parameters]
    head = ("module", "state", "last", "median", "lowest", "highest", "steps with", "zero", "without")
    norms = [
        (
            *(safe(module.name, _LONGEST_NAME), module.state.value),
            *map(figures.norm, (module.last, module.median, module.smallest, module.largest)),
            *(f"{module.steps_with_gradient:,}", f"{module.steps_with_zero_gradient:,}"),
            f"{module.steps_without_gradient:,}",
        )
        for module in modules[:MOST_ROWS]
    ]
    metrics = [
        (safe(one.name, _LONGEST_NAME), figures.metric(one.first), figures.metric(one.last), one.trend.value)
        for one in report.metrics[:MOST_ROWS]
    ]
    ranks = tuple(tuple(cells(row, _LONGEST_NAME)) for row in foremost(report.ranks, MOST_ROWS))
    return {
        "ranks": TextTable(TITLES, ranks, max(len(report.ranks) - MOST_ROWS, 0)),
        "norms": TextTable(head, tuple(norms), max(len(modules) - MOST_ROWS, 0)),
        "metrics": TextTable(
            ("metric", "first", "last", "trend"), tuple(metrics), max(len(report.metrics) - MOST_ROWS, 0)
        ),
        "rates": _bounds("parameter group", () if series is None else series.learning_rates),
        "ratios": _bounds("root module", () if series is None else series.update_ratios),
    }


def _bounds(title: str, tracks: Sequence[Track]) -> TextTable:
    rows = tuple(row for track in tracks[:MOST_ROWS] if (row := _row(track)) is not None)
    return TextTable((title, "first", "last", "lowest", "highest"), rows, max(len(tracks) - MOST_ROWS, 0))


def _row(track: Track) -> tuple[str, ...] | None:
    values = track.values[~np.isnan(track.values)]
    if not len(values):
        return None
    numbers = (values[0], values[-1], np.nanmin(track.lowest), np.nanmax(track.highest))
    return (safe(track.name, _LONGEST_NAME), *(figures.metric(float(number)) for number in numbers))
