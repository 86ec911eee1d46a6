"""Losses and logged metrics: where they began, where they are, which way they go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradprobe.text import figures, sparkline
from gradprobe.text.safe import safe
from gradprobe_reports.terminal.styles import QUIET

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gradprobe.values import MetricTrend

_MOST_ROWS: Final = 12


def metrics(trends: Sequence[MetricTrend]) -> RenderableType:
    """Return a table of metrics, each with a sparkline on its own linear scale; the first twelve of them."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=QUIET)
    table.add_column("metric", min_width=12, no_wrap=True)
    table.add_column("first", justify="right", no_wrap=True)
    table.add_column("last", justify="right", no_wrap=True)
    table.add_column("trend", no_wrap=True)
    table.add_column("over the run", no_wrap=True)
    for metric in trends[:_MOST_ROWS]:
        table.add_row(
            Text(safe(metric.name, 28)),
            Text(figures.metric(metric.first)),
            Text(figures.metric(metric.last)),
            Text(metric.trend.value),
            Text(sparkline.values(metric.series, 16)),
        )
    shown = Padding(table, (0, 0, 0, 1))
    rest = len(trends) - _MOST_ROWS
    if rest <= 0:
        return shown
    return Group(shown, Text(f" {figures.plural(rest, 'more metric')} not shown", style=QUIET))
