"""The policy, line by line, what is broken first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradprobe.text.safe import safe
from gradprobe.values import Colour
from gradprobe_reports.terminal.styles import FLAG, QUIET

if TYPE_CHECKING:
    from rich.console import RenderableType

    from gradprobe.values import Flag

_ORDER: Final = (Colour.RED, Colour.AMBER, Colour.GREY, Colour.GREEN)
_LONGEST: Final = 160


def flags(judged: Sequence[Flag]) -> RenderableType:
    """Return a table of flags: name, colour as a word, what was expected, what was observed."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=QUIET)
    table.add_column("flag", min_width=12, max_width=30, overflow="fold")
    table.add_column("colour", no_wrap=True)
    table.add_column("expected", ratio=1, overflow="fold")
    table.add_column("observed", ratio=1, overflow="fold")
    for flag in sorted(judged, key=lambda flag: _ORDER.index(flag.colour)):
        table.add_row(
            Text(safe(flag.name, 60)),
            word(flag.colour),
            Text(safe(flag.expected, _LONGEST)),
            Text(safe(flag.observed, _LONGEST)),
        )
    return Padding(table, (0, 0, 0, 1))


def word(colour: Colour) -> Text:
    """Return the colour as a word in that colour; the two that ask for attention in capitals."""
    loud = colour in (Colour.RED, Colour.AMBER)
    return Text(colour.value.upper() if loud else colour.value, style=FLAG[colour])
