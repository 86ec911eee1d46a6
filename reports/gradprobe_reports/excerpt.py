"""The source lines around a site, if the file is still what ran."""

from __future__ import annotations

import tokenize
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gradprobe.text.safe import safe

if TYPE_CHECKING:
    from gradprobe.values import Site

_LARGEST_FILE: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of an excerpt.

    Attributes:
        number: Its number, from 1; 0 where it is not known.
        text: Its text, safe to print, without the blanks that all lines of the excerpt begin with.
        marked: Whether it is the line of the site.
    """

    number: int
    text: str
    marked: bool


def excerpt(site: Site, context: int = 1) -> tuple[SourceLine, ...]:
    """Return the lines around a site; only `site.code` where the file is gone or has changed since.

    A site without code has no excerpt: nothing could be compared with the file.

    Args:
        site: The place.
        context: Lines to show before and after it.
    """
    if not site.code.strip():
        return ()
    lines = _lines(site.file)
    if not 1 <= site.line <= len(lines) or lines[site.line - 1].strip() != site.code.strip():
        return (SourceLine(site.line, safe(site.code.strip()), True),)
    first, last = max(site.line - context, 1), min(site.line + context, len(lines))
    shown = {number: lines[number - 1].expandtabs(4).rstrip() for number in range(first, last + 1)}
    margin = min((len(text) - len(text.lstrip()) for text in shown.values() if text), default=0)
    kept = {number: text for number, text in shown.items() if text or number == site.line}
    return tuple(SourceLine(number, safe(text[margin:]), number == site.line) for number, text in kept.items())


def _lines(file: str) -> tuple[str, ...]:
    try:
        path = Path(file)
        # A record is read on machines and by people it was not made for: no devices, pipes or data files.
        if not path.is_file() or (status := path.stat()).st_size > _LARGEST_FILE:
            return ()
        return _read(path, status.st_mtime_ns, status.st_size)
    except (OSError, SyntaxError, ValueError):
        return ()


@lru_cache(maxsize=16)
def _read(path: Path, changed: int, size: int) -> tuple[str, ...]:
    """Return a file's lines: findings and their other ends lie in a few files. It is read again when it has changed."""
    with tokenize.open(path) as source:
        return tuple(source.read().split("\n"))
