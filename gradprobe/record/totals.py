"""Counts over every step of a run, kept while old rows are thinned.

A step's gradient is in one of five states for a parameter, ordered so that a module, which is as well off as its
best parameter, has the largest state of its parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gradprobe.values.step import NO_GRADIENT

NOT_DUE: Final = 0
NONE: Final = 1
ZERO: Final = 2
FLOWING: Final = 3
NON_FINITE: Final = 4

COLUMNS: Final = 5
"""Columns of a table of totals: steps none, zero, flowing, non-finite, and the newest step with a gradient (-1: none)."""


def states(norms: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the state of each norm, in the shape of `norms`."""
    result = np.zeros(norms.shape, np.uint8)
    result[norms == NO_GRADIENT] = NONE
    result[norms == 0] = ZERO
    result[norms > 0] = FLOWING
    result[~np.isfinite(norms)] = NON_FINITE
    return result


class Membership:
    """Which parameters belong to which module, laid out for one reduction over all modules."""

    def __init__(self, modules: Sequence[NDArray[np.intp]]) -> None:
        """Lay out the modules.

        Args:
            modules: For each module the positions of its parameters; none is empty.
        """
        self.modules = len(modules)
        self._flat = np.concatenate(modules) if modules else np.empty(0, np.intp)
        lengths = [len(positions) for positions in modules]
        self._starts = np.cumsum([0, *lengths[:-1]]) if modules else np.empty(0, np.intp)

    def best(self, parameters: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the largest state in each module: `[rows, parameters]` to `[rows, modules]`."""
        if not self.modules:
            return np.empty((len(parameters), 0), np.uint8)
        return np.maximum.reduceat(parameters[:, self._flat], self._starts, axis=1)


class Totals:
    """A table `[things, COLUMNS]` int64 that grows with the things it counts."""

    def __init__(self) -> None:
        self.table = _empty(0)

    def grow(self, things: int) -> None:
        """Make room for as many things."""
        self.table = np.concatenate([self.table, _empty(things - len(self.table))])

    def add(self, seen: NDArray[np.uint8], steps: NDArray[np.int64]) -> None:
        """Count rows of states `[rows, things]` that belong to `steps` `[rows]`, in rising order."""
        for column, state in enumerate((NONE, ZERO, FLOWING, NON_FINITE)):
            self.table[:, column] += np.count_nonzero(seen == state, axis=0)
        flowing = seen >= FLOWING
        newest = np.where(flowing.any(axis=0), steps[len(steps) - 1 - np.argmax(flowing[::-1], axis=0)], -1)
        self.table[:, 4] = np.maximum(self.table[:, 4], newest)


def _empty(things: int) -> NDArray[np.int64]:
    table = np.zeros((things, COLUMNS), np.int64)
    table[:, 4] = -1
    return table
