"""Strangers' text made safe to print: module names, messages and source lines come from programs nobody has read."""

from __future__ import annotations

import unicodedata
from typing import Final

ELLIPSIS: Final = "…"
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Control, format (bidirectional overrides, zero-width), surrogate, unassigned; line and paragraph separators.
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
_ASCII: Final = str.maketrans(
    {
        "…": "...",
        "·": ".",
        "─": "-",
        "│": "|",
        "▁": "_",
        "▂": ".",
        "▃": "-",
        "▄": "~",
        "▅": "=",
        "▆": "+",
        "▇": "*",
        "█": "#",
    }
)


def safe(text: str, width: int | None = None) -> str:
    """Return the text on one line, with every character that could move a cursor or reorder a line escaped.

    Args:
        text: Anything.
        width: Cells it may take; what is over is cut out of the middle. None for no limit.
    """
    if width is not None and len(text) > 4 * width + 8:
        # Ten thousand characters need not be escaped one by one to show eighty of them.
        text = text[: 2 * width] + ELLIPSIS + text[-2 * width :]
    shown = text if text.isascii() and text.isprintable() else "".join(map(_escaped, text))
    return shown if width is None else middle(shown, width)


def safe_lines(text: str) -> list[str]:
    """Return the text's lines, each made safe; blank lines at either end are dropped."""
    return [safe(line.expandtabs(4)) for line in text.strip("\r\n").splitlines()]


def middle(text: str, width: int) -> str:
    """Cut the middle out of a text that is wider than `width` cells: names differ at both ends."""
    if cells(text) <= width:
        return text
    if width <= 1:
        return ELLIPSIS[:width]
    tail = (width - 1) // 2
    return _head(text, width - 1 - tail) + ELLIPSIS + _head(text[::-1], tail)[::-1]


def cells(text: str) -> int:
    """Return how many terminal cells a safe text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def encodable(text: str, encoding: str | None) -> str:
    """Return the text in characters that `encoding` has: a log file in ASCII must not end a report.

    Args:
        text: Any text.
        encoding: Name of a codec; None or an unknown one counts as UTF-8.
    """
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        codec = encoding or "utf-8"
        return text.translate(_ASCII).encode(codec, "backslashreplace").decode(codec)
    except LookupError:
        return encodable(text, "utf-8")
    return text


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if unicodedata.category(character) not in _UNSAFE:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Me":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _head(text: str, width: int) -> str:
    taken = 0
    for position, character in enumerate(text):
        taken += _cells(character)
        if taken > width:
            return text[:position]
    return text
