"""Which modules and metrics a pattern means.

A pattern is matched, as by a shell (`*`, `?`, `[…]`, case matters), against the whole name and against every tail of it
that begins at a
part: `qwen` means `qwen`, `system.qwen` and `model.module.qwen`, but not `qwen2` and not `qwen.embedder`. Parts are set
    off by `.`,
and in metrics by `/` too (`loss` means `train/loss`).
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def means(pattern: str, name: str) -> bool:
    """Tell whether a pattern means a name."""
    starts = [0, *(position + 1 for position, character in enumerate(name) if character in "./")]
    return any(fnmatchcase(name[start:], pattern) for start in starts)


def covers(pattern: str, name: str) -> bool:
    """Tell whether a pattern means a parameter, or a module that holds it."""
    return any(means(pattern, around) for around in (name, *_parents(name)))


def matching(pattern: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that a pattern means, in their order."""
    return tuple(name for name in names if means(pattern, name))


def topmost(pattern: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the module names that a pattern means, without those inside another one: `*` means the root modules.

    Args:
        pattern: The pattern.
        names: Dotted names of modules.
    """
    met = matching(pattern, names)
    taken = set(met)
    return tuple(name for name in met if not any(parent in taken for parent in _parents(name)))


def _parents(name: str) -> list[str]:
    """Return the names of the modules around a module: `a.b.c` is in `a.b` and `a`."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]
