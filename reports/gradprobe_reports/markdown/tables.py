"""Flags, modules and metrics as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gradprobe.text import figures
from gradprobe.text.words import gradient
from gradprobe.values import Colour
from gradprobe_reports.markdown.escape import code, details, prose, table
from gradprobe_reports.ranks import TITLES, cells, foremost
from gradprobe_reports.terminal.folding import fold

if TYPE_CHECKING:
    from gradprobe.values import Flag, MetricTrend, ModuleHealth, RankRow

_SIGNS: Final = {Colour.RED: "🔴 RED", Colour.AMBER: "🟡 AMBER", Colour.GREY: "⚪ grey", Colour.GREEN: "🟢 green"}
_MOST_ROWS: Final = 40
_LONGEST: Final = 160


def flags(judged: Sequence[Flag]) -> str:
    """Return the policy, line by line, what is broken first."""
    order = list(_SIGNS)
    rows = [
        [code(flag.name, 60), _SIGNS[flag.colour], prose(flag.expected, _LONGEST), prose(flag.observed, _LONGEST)]
        for flag in sorted(judged, key=lambda flag: order.index(flag.colour))
    ]
    return _cut(["flag", "", "expected", "observed"], rows, "flag")


def modules(rows: Sequence[ModuleHealth]) -> str:
    """Return the health table, folded to the roots and to what differs from them."""
    folded = fold(rows, _MOST_ROWS)
    cells = [
        [
            code(module.name, 80),
            str(module.parameters),
            figures.size(module.elements),
            figures.norm(module.last),
            figures.norm(module.median),
            prose(gradient(module)),
        ]
        for module in (rows[row] for row in folded.rows)
    ]
    shown = table(["module", "tensors", "elements", "last norm", "median", "gradient (steps)"], cells)
    if folded.hidden:
        shown += f"\n\n{figures.plural(folded.hidden, 'inner module')} not shown."
    return details(f"Gradient norms of {figures.plural(len(rows), 'module')}", shown)


def metrics(trends: Sequence[MetricTrend]) -> str:
    """Return losses and logged metrics: where they began, where they are, which way they go."""
    rows = [
        [code(metric.name, 60), figures.metric(metric.first), figures.metric(metric.last), metric.trend.value]
        for metric in trends
    ]
    shown = _cut(["metric", "first", "last", "trend"], rows, "metric")
    return details("Losses and metrics", shown)


def ranks(rows: Sequence[RankRow]) -> str:
    """Return the processes of a run; of many, those that stand out."""
    shown = table(list(TITLES), [list(map(prose, cells(row, _LONGEST))) for row in foremost(rows, _MOST_ROWS)])
    rest = len(rows) - _MOST_ROWS
    return details(
        f"{len(rows):,} ranks", f"{shown}\n\n{figures.plural(rest, 'more rank')} not shown." if rest > 0 else shown
    )


def _cut(titles: list[str], rows: list[list[str]], noun: str) -> str:
    shown = table(titles, rows[:_MOST_ROWS])
    rest = len(rows) - _MOST_ROWS
    return f"{shown}\n\n{figures.plural(rest, f'more {noun}')} not shown." if rest > 0 else shown
