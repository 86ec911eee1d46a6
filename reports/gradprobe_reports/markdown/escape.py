"""Text that stays text in GitHub's Markdown, whatever it holds.

A backslash keeps Markdown's own signs. Mentions, references to issues, links and emoji are found by GitHub in the text that
Markdown gives, so a character without width (U+200B) parts what they are known by.

See: <https://github.github.com/gfm/#backslash-escapes>
"""

from __future__ import annotations

import re
from typing import Final

from gradprobe.text.safe import ELLIPSIS, safe

_APART: Final = "\u200b"  # Nobody else's: what `safe` gives has none.
# An underscore within a word is one anyway; number signs that end a heading's line would close it.
_SIGNS: Final = re.compile(r"[\\`*\[\]<>&|~!]|(?<![^\W_])_|_(?![^\W_])|#(?=#*$)")
_KNOWN: Final = (
    re.compile(r"@(?=\S)"),
    re.compile(r"#(?=\d)"),
    re.compile(r"\bGH-(?=\d)", re.IGNORECASE),
    re.compile(r":(?=//)"),
    re.compile(r"\bwww(?=\.)", re.IGNORECASE),
    re.compile(r":(?=[\w+-]+:)"),
)
"""What begins a mention, a reference, a link, an emoji."""
# A word by itself: a mention to GitHub, and to whoever reads advice something to copy.
_DECORATOR: Final = re.compile(r"(?<!\S)@[^\W_]\w*(?:\.\w+)*(?:\(\))?(?=[;,.:]?(?:\s|$))")
_FIRST: Final = re.compile(r"^(?:(\d{1,9})(?=[.)](?:\s|$))|(?=[-+=#:]))")
_MOST_LINES: Final = 12
_WILD: Final = re.compile(r"[`|\\]|^\s|\s$")
_PUNCTUATION: Final = re.compile(r"[!-/:-@\[-`{-~]")


def prose(text: str, width: int | None = None) -> str:
    """Return a text on one line, as words of a paragraph, a list or a table's cell; a decorator in it as code.

    Args:
        text: Anything.
        width: Cells it may take before it is escaped; what is over is cut out of the middle.
    """
    pieces, end = [], 0
    shown = safe(text, width).strip()
    for found in _DECORATOR.finditer(shown):
        pieces += [_words(shown[end : found.start()]), code(found[0])]
        end = found.end()
    escaped = "".join([*pieces, _words(shown[end:])])
    # A list, a heading or a rule is known by how a line begins.
    return _FIRST.sub(lambda found: f"{found[1] or ''}\\", escaped, count=1)


def paragraph(text: str, width: int) -> str:
    """Return a text of several lines as one paragraph that keeps them.

    Args:
        text: Anything.
        width: Cells that all lines together may take before they are escaped.
    """
    shown: list[str] = []
    room = width
    for line in text.strip("\r\n").splitlines()[:_MOST_LINES]:
        if room <= 0:
            return "<br>".join([*shown, ELLIPSIS])
        shown.append(prose(line, room))
        room -= len(line)
    return "<br>".join(shown)


def code(text: str, width: int | None = None) -> str:
    """Return a text as code, in a line or a table's cell; empty for an empty one."""
    shown = safe(text, width)
    if not shown:
        return ""
    if not _WILD.search(shown):
        return f"`{shown}`"
    # Between backticks nothing can be escaped, and a table's cell ends at a bar even there.
    escaped = _PUNCTUATION.sub(lambda found: f"&#{ord(found[0])};", shown)
    # An address is looked for behind the escapes, also in code that is written as an element.
    return f"<code>{escaped.replace('&#64;', '&#64;&#8203;')}</code>"


def fenced(lines: list[str], language: str) -> str:
    """Return lines as a block of code, its fence longer than any run of backticks within.

    Args:
        lines: Safe text, a line each.
        language: What it is highlighted as.
    """
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(longest + 1, 3)
    return "\n".join([f"{fence}{language}", *lines, fence])


def table(titles: list[str], rows: list[list[str]]) -> str:
    """Return a table of cells that are escaped already."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def details(summary: str, body: str) -> str:
    """Return a body that is folded away under a summary of plain words."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"


def _words(text: str) -> str:
    for pattern in _KNOWN:
        text = pattern.sub(rf"\g<0>{_APART}", text)
    # The dollar sign as GitHub wants one written that begins no formula.
    return _SIGNS.sub(r"\\\g<0>", text).replace(_APART, "&#8203;").replace("$", "<span>$</span>")
