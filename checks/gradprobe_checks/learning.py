"""By how much a step changes a weight in proportion to its values, from gradient norms and the optimizer's settings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.values.step import NO_GRADIENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradprobe.record.record import Record

ADAPTIVE: Final = frozenset(
    {"Adam", "AdamW", "NAdam", "RAdam", "Adamax", "RMSprop", "Adagrad", "SparseAdam", "Adadelta"}
)
"""Optimizers that divide by the gradient's own size, as far as it is larger than their epsilon."""


def relative_updates(record: Record, position: int) -> NDArray[np.float64]:
    """Return by how much each step changes a weight, in proportion to the root mean square of its values, `[rows]`.

    An estimate: the learning rate times the gradient (divided by 1 - momentum, which it adds up to), for optimizers that
    normalise by size times gradient / (gradient + epsilon). NaN where there was no gradient, or where something is not known.

    Args:
        record: The run.
        position: The parameter.
    """
    rows = np.full(len(record.steps), np.nan)
    parameter, account = record.parameters[position], record.accounts.get(position)
    if parameter.optimizer is None or parameter.group is None or account is None or account.scale <= 0:
        return rows
    optimizer = record.optimizers[parameter.optimizer]
    settings = optimizer.settings
    highest = record.steps.highest[:, position].astype(np.float64)
    gradient = np.where(highest > NO_GRADIENT, highest, np.nan) / math.sqrt(max(parameter.elements, 1))
    rate = record.steps.learning_rates[:, parameter.group].copy()
    rate[np.isnan(rate)] = _number(settings.get("lr"), np.nan)
    if optimizer.type in ADAPTIVE:
        epsilon = max(_number(settings.get("eps"), 1e-8), 1e-300)
        with np.errstate(invalid="ignore"):
            size = np.where(np.isinf(gradient), 1.0, gradient / (gradient + epsilon))
    else:
        size = gradient / (1.0 - min(_number(settings.get("momentum"), 0.0), 0.999))
    updates: NDArray[np.float64] = rate * size / account.scale
    return updates


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, (int, float)) else otherwise
