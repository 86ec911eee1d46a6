"""A renderable as text, for a file that may be a terminal."""

from __future__ import annotations

import io
import os
from typing import IO, TYPE_CHECKING, Final

from rich.console import Console

from gradprobe.text.safe import encodable

if TYPE_CHECKING:
    from rich.console import RenderableType

_USUAL: Final = 80
_NARROWEST: Final = 40


def as_text(renderable: RenderableType, file: IO[str]) -> str:
    """Return the renderable as text in the width, colours and characters that the file can take."""
    colour = file.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    drawn = io.StringIO()
    Console(
        file=drawn,
        width=width_of(file),
        force_terminal=colour,
        color_system="auto" if colour else None,
        force_jupyter=False,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
    ).print(renderable)
    lines = drawn.getvalue().split("\n")
    return encodable("\n".join(line.rstrip() for line in lines), getattr(file, "encoding", None))


def width_of(file: IO[str]) -> int:
    """Return how many columns to fill: `COLUMNS`, else the terminal's, else 80; never under 40."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return max(int(columns), _NARROWEST)
    try:
        return max(os.get_terminal_size(file.fileno()).columns, _NARROWEST)
    except (OSError, ValueError, AttributeError):
        return _USUAL
