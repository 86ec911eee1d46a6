"""`--overhead PERCENT` and `--deep STEPS`: how often steps are followed in depth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gradprobe.errors import UsageError

_RANGE: Final = re.compile(r"(\d+)(?:-(\d+))?")


@dataclass(frozen=True, slots=True)
class ChosenSteps:
    """Ranges of steps, both ends included."""

    ranges: tuple[tuple[int, int], ...]

    def __contains__(self, step: object) -> bool:
        """Return whether a step is among them."""
        return isinstance(step, int) and any(first <= step <= last for first, last in self.ranges)


def chosen_steps(text: str | None) -> ChosenSteps | None:
    """Return the steps that `--deep` names (`0-5,100-110`), none for `none`; None where the option was not given.

    Raises:
        UsageError: If it names no steps.
    """
    if text is None:
        return None
    if text.strip().lower() == "none":
        return ChosenSteps(())
    return ChosenSteps(tuple(_ranges(text)))


def _ranges(text: str) -> Iterator[tuple[int, int]]:
    for part in text.split(","):
        found = _RANGE.fullmatch(part.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last:
            raise UsageError(f"expected steps like 0-5,100-110 (or none) for --deep, found {text!r}")
        yield first, last


def overhead_share(text: str) -> float:
    """Return `2%` or `2` as 0.02.

    Raises:
        UsageError: If it is no percentage from 0 to 100.
    """
    try:
        share = float(text.strip().removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError(f"expected a percentage from 0 to 100 for --overhead, found {text!r}")
    return share
