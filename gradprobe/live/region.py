"""A strip at the bottom of a terminal, above which other programs' output scrolls, as package managers have.

The terminal itself keeps the rest apart: its scroll region (DECSTBM) ends above the strip, so whatever is printed by
whom scrolls there. The cursor is saved and restored around every drawing, and a drawing is one `write`, so that it
does not fall into the middle of another program's line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

_SAVE, _RESTORE = "\x1b7", "\x1b8"
_WHOLE: Final = "\x1b[r"
_PLAIN: Final = "\x1b[0m"
_DOWN: Final = "\x1bD"
RESET: Final = _SAVE + _WHOLE + _RESTORE
"""Lets the whole terminal scroll again and leaves the cursor where it is."""

LEAST_ROWS: Final = 12
LEAST_COLUMNS: Final = 40


def usable(fd: int) -> bool:
    """Return whether a file is a terminal that is large enough and knows the escape sequences."""
    if sys.platform == "win32" or os.environ.get("TERM", "dumb") in ("dumb", "unknown") or not os.isatty(fd):
        return False
    columns, rows = os.get_terminal_size(fd)
    return rows >= LEAST_ROWS and columns >= LEAST_COLUMNS


def enter(rows: int, height: int) -> str:
    """Return what reserves the last `height` of `rows` lines.

    It first moves down and up again, in the same column: only where the cursor is too low does that scroll, and then
    by as much as makes room.
    """
    return f"{_DOWN * height}\x1b[{height}A{_SAVE}\x1b[1;{rows - height}r{_RESTORE}"


def frame(lines: Sequence[str], rows: int, height: int) -> str:
    """Return what draws the lines into the strip; lines that are missing are left blank."""
    padded = [*lines[:height], *[""] * (height - len(lines))]
    drawn = (f"\x1b[{rows - height + 1 + position};1H{_PLAIN}\x1b[2K{line}" for position, line in enumerate(padded))
    return _SAVE + "".join(drawn) + _RESTORE


def leave(rows: int, height: int) -> str:
    """Return what erases the strip and lets the whole terminal scroll again."""
    return f"{_SAVE}{_WHOLE}{_PLAIN}\x1b[{rows - height + 1};1H\x1b[J{_RESTORE}"


def forget() -> str:
    """Return what lets the whole terminal scroll again after its size has changed.

    Where the strip has gone to is the terminal's secret, but it lies below the cursor, and nothing else does.
    """
    return f"{RESET}\x1b[J"


class Region:
    """The strip, from its first drawing until it is closed.

    It grows when there are more lines to draw and does not shrink, so that the script's output does not jump.
    """

    def __init__(self, fd: int) -> None:
        """Take a terminal; nothing is written yet."""
        self._fd = fd
        self._rows = 0
        self._columns = 0
        self._height = 0

    def size(self) -> tuple[int, int]:
        """Return the terminal's columns, and the lines the strip may take: a third; none if it is too small."""
        columns, rows = os.get_terminal_size(self._fd)
        return columns, rows // 3 if rows >= LEAST_ROWS and columns >= LEAST_COLUMNS else 0

    def resized(self) -> bool:
        """Return whether the terminal has another size than at the last drawing."""
        columns, rows = os.get_terminal_size(self._fd)
        return (columns, rows) != (self._columns, self._rows)

    def draw(self, lines: Sequence[str]) -> None:
        """Draw lines, each narrower than the terminal; the strip is set up, enlarged or moved as needed."""
        columns, rows = os.get_terminal_size(self._fd)
        room = self.size()[1]
        same = (columns, rows) == (self._columns, self._rows)
        height = min(max(len(lines), self._height), room)
        text = ""
        if self._height and not same:
            text += forget()
        elif self._height and height != self._height:
            text += leave(rows, self._height)
        moved = height > 0 and not (same and height == self._height)
        # Noted before it is written: a signal may end the program within the write.
        self._columns, self._rows, self._height = columns, rows, height
        if moved:
            text += enter(rows, height)
        self._write(text + (frame(lines, rows, height) if height else ""))

    def close(self) -> None:
        """Erase the strip and give the terminal back; does nothing where nothing was drawn."""
        if not self._height:
            return
        resized = self.resized()
        text = forget() if resized else leave(self._rows, self._height)
        self._height = 0
        self._write(text)

    def _write(self, text: str) -> None:
        rest = text.encode("utf-8", "replace")
        while rest:
            rest = rest[os.write(self._fd, rest) :]
