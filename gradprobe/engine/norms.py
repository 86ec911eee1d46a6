"""The gradient norm of a module in every row of the record, from the norms of its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.values.step import NO_GRADIENT, NOT_LOOKED_AT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradprobe.record.record import Module, Record

_BLOCK: Final = 1_000_000
"""Numbers squared at a time: 8 MB of float64, which a processor's cache holds, whatever the size of the record."""


@dataclass(frozen=True, slots=True)
class ModuleNorms:
    """The gradient of every module in every row; a module's norm is the root of its parameters' squared norms added up.

    Attributes:
        norms: `[modules, rows]` float64 in the order of `Record.modules`; NaN or infinity where a parameter's gradient
            was not finite, else `NO_GRADIENT` (-1) where none of the parameters that were due had a gradient, and
            `NOT_LOOKED_AT` (-2) where none was due.
        lowest: `[modules, rows]` float64, a lower bound of the norm within the row's span, provided that its parameters
            had gradients in the same steps; `norms` itself where nothing was thinned.
        highest: `[modules, rows]` float64, an upper bound, likewise. They are bounds, not norms: the parameters need
            not have been smallest, or largest, in the same step.
    """

    norms: NDArray[np.float64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]


def module_norms(record: Record) -> ModuleNorms:
    """Return the gradient norms of all modules of a record."""
    steps, modules = record.steps, record.modules
    norms = _combine(steps.norms, modules)
    lowest = norms if steps.lowest is steps.norms else _combine(steps.lowest, modules)
    highest = norms if steps.highest is steps.norms else _combine(steps.highest, modules)
    return ModuleNorms(norms, lowest, highest)


def _combine(parameters: NDArray[np.float32], modules: tuple[Module, ...]) -> NDArray[np.float64]:
    """Return the norms of modules `[modules, rows]` from those of parameters `[rows, parameters]`."""
    rows, columns = parameters.shape
    out = np.full((len(modules), rows), NOT_LOOKED_AT)
    members = [_positions(module.parameters) for module in modules]
    height = max(1, _BLOCK // max(columns, 1))
    for start in range(0, rows, height):
        block = np.ascontiguousarray(parameters[start : start + height].T, dtype=np.float64)
        squares = np.maximum(block, 0.0)
        squares *= squares
        for row, positions in zip(out, members, strict=True):
            if positions is not None:
                row[start : start + height] = _norm(block[positions], squares[positions])
    return out


def _norm(parameters: NDArray[np.float64], squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the norm of one module in each row, or a code, from `[parameters, rows]` norms and their squares.

    Squares are added in float64 (a norm of 1e-25 is 1e-50 squared, which float32 cannot hold), parameter by parameter
    rather than as differences of running sums, which would lose a small module behind a large one.
    """
    totals: NDArray[np.float64] = np.sqrt(squares.sum(axis=0))
    still = np.flatnonzero(totals == 0.0)
    if len(still):
        # The largest of 0, NO_GRADIENT and NOT_LOOKED_AT: a module is as well off as its best parameter.
        totals[still] = parameters[:, still].max(axis=0)
    return totals


def _positions(parameters: NDArray[np.intp]) -> slice | NDArray[np.intp] | None:
    """Return positions as a slice where they are consecutive (a view instead of a copy); None where there are none."""
    if not len(parameters):
        return None
    if np.array_equal(parameters, np.arange(parameters[0], parameters[0] + len(parameters))):
        return slice(int(parameters[0]), int(parameters[0]) + len(parameters))
    return parameters


def has_norm(norms: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where there was a finite gradient, zero or not."""
    return np.isfinite(norms) & (norms >= 0.0)


def was_due(norms: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where a gradient was due: its optimizer stepped, whether or not there was one."""
    return ~(norms <= NOT_LOOKED_AT)


def was_missing(norms: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where a gradient was due and there was none, or one of zeros."""
    missing: NDArray[np.bool_] = (norms == NO_GRADIENT) | (norms == 0.0)
    return missing
