"""The processes of a run: where one of them does not keep up, or failed, it shows here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradprobe.text import figures
from gradprobe_reports.ranks import TITLES, cells, foremost
from gradprobe_reports.terminal.styles import QUIET

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gradprobe.values import RankRow

_MOST_ROWS: Final = 8
_WIDEST: Final = 200


def ranks(rows: Sequence[RankRow]) -> RenderableType:
    """Return a table of the processes of a run; of many, those that stand out."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=QUIET)
    for title in TITLES:
        table.add_column(title, justify="left" if title == "ended" else "right", no_wrap=title != "ended")
    for row in foremost(rows, _MOST_ROWS):
        table.add_row(*map(Text, cells(row, _WIDEST)))
    shown = Padding(table, (0, 0, 0, 1))
    rest = len(rows) - _MOST_ROWS
    return shown if rest <= 0 else Group(shown, Text(f" {figures.plural(rest, 'more rank')} not shown", style=QUIET))
