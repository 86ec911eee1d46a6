"""The health table: for each module, what its gradients did over the run."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.engine.metrics import evenly_spaced
from gradprobe.engine.norms import ModuleNorms, has_norm, was_due
from gradprobe.engine.ways import Reached, reached
from gradprobe.values import ModuleHealth, ModuleState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradprobe.record.record import Module, Record

VANISHED_SHARE: Final = float(np.finfo(np.float32).eps)
"""Share of the largest module's median norm below which a gradient is lost in the rounding of float32."""
VANISHED_ELEMENT: Final = 1e-8
"""Root mean square per element below which Adam's epsilon (1e-8 by default) outweighs the gradient."""
NON_FINITE_TAIL: Final = 3
"""Newest looked-at rows that must all be non-finite: one or two are a gradient scaler finding its scale."""


def module_health(record: Record, norms: ModuleNorms) -> tuple[ModuleHealth, ...]:
    """Return the health table, in the order of the record's modules.

    Counts are exact, over every step. Norms come from rows: `last` and `median` from the newest step of each row (the
    median weighted by the steps a row stands for), `smallest` and `largest` from the bounds that thinned rows keep, so
    they may lie outside what any single step had, never inside.

    Args:
        record: The run.
        norms: The norms of its modules.
    """
    points = evenly_spaced(record.steps.index)
    medians = [weighted_median(row, record.steps.span) for row in norms.norms]
    references = _references(record, medians)
    seen = reached(record)
    return tuple(
        _row(record, module, norms, position, medians[position], references[position], points, seen)
        for position, module in enumerate(record.modules)
    )


def _references(record: Record, medians: list[float | None]) -> list[float]:
    """Return what each module's norm is measured by: a root's by the largest root's, a part's by its root's largest part.

    Roots have losses of their own, and so have parts of one root that different optimizers own: they are not compared.
    """
    largest = max((median for median in medians if median is not None), default=0.0)
    keys, best = [], defaultdict[tuple[str, frozenset[int | None]], float](float)
    root = ""
    for module, median in zip(record.modules, medians, strict=True):
        root = module.name if module.depth == 0 else root
        owners = frozenset(record.parameters[int(index)].optimizer for index in module.parameters)
        keys.append((root, owners))
        best[root, owners] = max(best[root, owners], median or 0.0)
    return [largest if module.depth == 0 else best[key] for module, key in zip(record.modules, keys, strict=True)]


def _row(
    record: Record,
    module: Module,
    norms: ModuleNorms,
    position: int,
    median: float | None,
    reference: float,
    points: NDArray[np.intp],
    became: Reached,
) -> ModuleHealth:
    """Return one row of the table."""
    row = norms.norms[position]
    parameters = [record.parameters[int(index)] for index in module.parameters]
    elements = sum(parameter.elements for parameter in parameters)
    trainable = sum(parameter.trainable for parameter in parameters)
    seen = np.flatnonzero(has_norm(row))
    smallest, largest = _bounds(norms.lowest[position], norms.highest[position], seen)
    sampled = row[points]
    return ModuleHealth(
        name=module.name,
        type=module.type,
        depth=module.depth,
        parameters=len(parameters),
        elements=elements,
        trainable=trainable,
        last=float(row[seen[-1]]) if len(seen) else None,
        median=median,
        smallest=smallest,
        largest=largest,
        steps_with_gradient=module.counts.flowing,
        steps_with_zero_gradient=module.counts.zero,
        steps_without_gradient=module.counts.none,
        state=_state(module, trainable, row, median, reference, elements, became),
        series=tuple(float(norm) if shown else None for norm, shown in zip(sampled, has_norm(sampled), strict=True)),
    )


def _bounds(
    lowest: NDArray[np.float64], highest: NDArray[np.float64], seen: NDArray[np.intp]
) -> tuple[float | None, float | None]:
    """Return the smallest and largest norm over the rows that had one."""
    low, high = lowest[seen], highest[seen]
    low, high = low[has_norm(low)], high[has_norm(high)]
    return (float(low.min()) if len(low) else None), (float(high.max()) if len(high) else None)


def weighted_median(row: NDArray[np.float64], span: NDArray[np.int64]) -> float | None:
    """Return the (lower) median of the finite norms, each weighted by the steps its row stands for; None without any.

    Args:
        row: `[rows]` norms of a module, with codes and NaN where there is none.
        span: `[rows]` how many steps each row stands for.
    """
    seen = has_norm(row)
    values = row[seen]
    if not len(values):
        return None
    weights = span[seen]
    if (weights == 1).all():
        return float(np.median(values))
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(reached, reached[-1] / 2)]])


def _state(
    module: Module,
    trainable: int,
    row: NDArray[np.float64],
    median: float | None,
    reference: float,
    elements: int,
    became: Reached,
) -> ModuleState:
    """Return what a module's gradients come to: a description of the run, not an accusation."""
    counts = module.counts
    if trainable == 0 and counts.flowing == 0:
        return ModuleState.FROZEN
    if counts.looked_at == 0:
        return ModuleState.NOT_STEPPED
    if counts.non_finite and ends_non_finite(row, NON_FINITE_TAIL):
        return ModuleState.NON_FINITE
    if counts.flowing == 0 and counts.non_finite == 0:
        return ModuleState.ZERO if counts.zero else _without_gradient(module, became)
    return ModuleState.VANISHED if _vanished(median, reference, elements) else ModuleState.FLOWS


def _without_gradient(module: Module, became: Reached) -> ModuleState:
    """Return why a module never had a gradient, as far as deep steps saw."""
    own = {int(position) for position in module.parameters}
    if own & became.severed:
        return ModuleState.SEVERED
    return ModuleState.UNUSED if became.looked and not own & became.live else ModuleState.NO_GRADIENT


def ends_non_finite(row: NDArray[np.float64], tail: int) -> bool:
    """Tell whether the newest `tail` rows that were looked at (all, where there are fewer) had a non-finite gradient.

    Args:
        row: `[rows]` norms of a module.
        tail: How many rows.
    """
    newest = row[was_due(row)][-tail:]
    return len(newest) > 0 and not np.isfinite(newest).any()


def _vanished(median: float | None, reference: float, elements: int) -> bool:
    """Tell whether a gradient flows and is lost all the same.

    Both must hold of the median over the run, so that neither a zero-initialised gate's first steps, nor a module that
    is used in few steps (its median is 0, and it does flow when used), nor a converged run (everything shrinks
    together), nor a large model with small norms throughout is called vanished: below float32's rounding of its
    reference's median norm, and below Adam's default epsilon per element.
    """
    if median is None or median == 0.0:
        return False
    return median < VANISHED_SHARE * reference and median / max(elements, 1) ** 0.5 < VANISHED_ELEMENT
