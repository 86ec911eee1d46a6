"""The cuts that were met: each kind, line and operation once, with its number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gradprobe.recorder.deep.node import FROZEN, Place

_OF_A_MODE: Final = frozenset({"no_grad", "inference_mode", "set_grad_enabled", "sample"})
MOST_CUTS: Final = 4096
"""Different cuts that are told apart; those beyond share one number."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A place where a gradient ends; the fields are those of `gradprobe.values.GradCut`, with places for sites."""

    kind: str
    place: Place
    operation: str
    at: Place
    certain: bool


class Cuts:
    """Gives cuts their numbers, from 1; 0 (`FROZEN`) stands for parameters that do not require a gradient."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}
        self._all: list[Cut] = []

    def number(self, kind: str, place: Place, operation: str, at: Place, *, certain: bool = True) -> int:
        """Return the number of a cut, new or old."""
        # Where gradients were turned off, the operations below are one cut.
        key = (kind, place, certain) if kind in _OF_A_MODE else (kind, place, operation, certain)
        number = self._numbers.get(key)
        if number is None:
            if len(self._all) >= MOST_CUTS:
                return MOST_CUTS
            self._all.append(Cut(kind, place, operation, at, certain))
            number = self._numbers[key] = len(self._all) + FROZEN
        return number

    def doubtful(self, bits: Mapping[int, int]) -> dict[int, int]:
        """Return cuts as ones of which it is not certain that the value came through them."""
        found: dict[int, int] = {}
        for number, parameters in bits.items():
            if number != FROZEN:
                cut = self.at(number)
                number = self.number(cut.kind, cut.place, cut.operation, cut.at, certain=False)
            found[number] = found.get(number, 0) | parameters
        return found

    def at(self, number: int) -> Cut:
        """Return a cut by its number."""
        return self._all[number - FROZEN - 1]
