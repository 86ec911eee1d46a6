"""One training step, read back from the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gradprobe.values.events import Call, Incident

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NO_GRADIENT: Final = -1.0
"""In a norm vector: the parameter's optimizer stepped and the parameter had no gradient (`None`)."""
NOT_LOOKED_AT: Final = -2.0
"""In a norm vector: the parameter's optimizer did not step in this step, so its gradient was not due."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the record: a training step, or a bucket of older steps that were thinned into one.

    Attributes:
        index: Number of the (last) step, from 0.
        span: How many steps the row stands for; 1 unless thinned.
        time: End of the step, seconds since the epoch.
        seconds: Duration of the step, in seconds (mean over the span).
        norms: `[parameters]` float32, L2 norm of each parameter's gradient as its optimizer consumed it, unscaled by AMP;
            `NO_GRADIENT` or `NOT_LOOKED_AT` where there is no norm.
        lowest: `[parameters]` float32, smallest norm within the span.
        highest: `[parameters]` float32, largest norm within the span.
        learning_rates: `[groups]` float64, in the order of the record's parameter groups; NaN where unknown.
        metrics: Losses and logged metrics of the (last) step.
        calls: The recorded calls of the (last) step, in order.
        incidents: What happened out of the ordinary in the (last) step.
    """

    index: int
    span: int
    time: float
    seconds: float
    norms: NDArray[np.float32]
    lowest: NDArray[np.float32]
    highest: NDArray[np.float32]
    learning_rates: NDArray[np.float64]
    metrics: Mapping[str, float]
    calls: tuple[Call, ...]
    incidents: tuple[Incident, ...]
