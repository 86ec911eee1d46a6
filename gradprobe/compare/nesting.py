"""Modules within modules, by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable


def above(name: str) -> list[str]:
    """Return the names of the modules around a module or parameter, the nearest first: `a.b.c` is in `a.b` and `a`."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(len(parts) - 1, 0, -1)]


def nearest(name: str, known: Collection[str]) -> str | None:
    """Return the nearest module around a name that is known; None where none is."""
    return next((one for one in above(name) if one in known), None)


def gathered(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the topmost of the names, each with those that lie below it, in their order."""
    listed = list(names)
    known = set(listed)
    below: dict[str, list[str]] = {}
    for name in listed:
        within = [one for one in above(name) if one in known]
        below.setdefault(within[-1] if within else name, [])
        if within:
            below[within[-1]].append(name)
    return {name: tuple(inner) for name, inner in below.items()}


def counted(names: Iterable[str], most: int = 3) -> str:
    """Return names as a list that fits in a sentence: `a, b, c and 4 more`."""
    listed = list(names)
    shown = ", ".join(listed[:most])
    return f"{shown} and {len(listed) - most} more" if len(listed) > most else shown
