"""Which checks run: `--select` and `--ignore`."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from gradprobe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from gradprobe.extensions import Check


def choose(checks: Sequence[Check], select: Collection[str], ignore: Collection[str]) -> tuple[Check, ...]:
    """Return the checks that are selected (all, where none is named) and not ignored, in their order.

    Args:
        checks: The checks there are.
        select: Names or codes, in any case.
        ignore: Names or codes, in any case; stronger than `select`.

    Raises:
        UsageError: If a name or code is none of theirs.
    """
    for word in (*select, *ignore):
        _expect_known(word, checks)
    wanted, unwanted = _lowered(select), _lowered(ignore)
    return tuple(check for check in checks if (not wanted or _words(check) & wanted) and not _words(check) & unwanted)


def _expect_known(word: str, checks: Sequence[Check]) -> None:
    """Raise unless a word names a check."""
    known = sorted(known for check in checks for known in _words(check))
    if word.lower() not in known:
        near = get_close_matches(word.lower(), known, n=1)
        hint = f"did you mean {near[0]}?" if near else "`gradprobe explain` lists them"
        raise UsageError(f"expected the name or code of a check, found {word!r}; {hint}")


def _words(check: Check) -> set[str]:
    """Return what a check can be called."""
    return {check.name.lower(), check.code.lower()}


def _lowered(words: Collection[str]) -> set[str]:
    """Return words in lower case."""
    return {word.lower() for word in words}
