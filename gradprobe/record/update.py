"""How far a step moved each parameter, where that follows from what is recorded anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gradprobe.record.record import Optimizer, Record


def update_norms(record: Record) -> NDArray[np.float64]:
    """Return the L2 norm of each update, `[rows, parameters]`; NaN where it does not follow from the record.

    Plain SGD (no momentum, no weight decay) subtracts learning rate × gradient, so the update's norm is learning rate × gradient
    norm. For optimizers with a state it cannot be known without reading the weights, which costs more than the recorder may.
    """
    norms = np.where(record.steps.norms < 0, np.nan, record.steps.norms).astype(np.float64)
    updates = np.full(norms.shape, np.nan)
    plain = {optimizer.number for optimizer in record.optimizers if _is_plain(optimizer)}
    for position, parameter in enumerate(record.parameters):
        if parameter.optimizer in plain and parameter.group is not None:
            with np.errstate(over="ignore", invalid="ignore"):  # A learning rate can be infinite too.
                updates[:, position] = norms[:, position] * record.steps.learning_rates[:, parameter.group]
    return updates


def _is_plain(optimizer: Optimizer) -> bool:
    settings = optimizer.settings
    return optimizer.type == "SGD" and not any(
        settings.get(name) for name in ("momentum", "weight_decay", "nesterov", "dampening")
    )
