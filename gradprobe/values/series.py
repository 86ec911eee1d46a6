"""A run in buckets of steps, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One quantity, bucket by bucket; NaN where a bucket has no number of it.

    Attributes:
        name: What it is of: a module, a metric, a parameter group.
        values: `[buckets]` float64, the newest value.
        lowest: `[buckets]` float64, the lowest value, or a lower bound of it.
        highest: `[buckets]` float64, the highest value, or an upper bound of it.
        non_finite: `[buckets]` bool, where a value was NaN or infinite.
        missing: `[buckets]` bool, where a gradient was due when it was newest looked at, and there was none.
    """

    name: str
    values: NDArray[np.float64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    non_finite: NDArray[np.bool_]
    missing: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """What there is to draw of a run, thinned to a number of buckets that a page can hold.

    Attributes:
        first: `[buckets]` int64, the first step of each bucket.
        last: `[buckets]` int64, its last step.
        norms: Gradient norms (L2, unscaled by AMP) of the modules of the health table, in its order.
        metrics: Losses and logged metrics.
        learning_rates: Of each parameter group.
        update_ratios: Norm of the update divided by norm of the weights, of each root module, as deep steps sampled them.
        deep: Deep steps as ranges, first and last.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    norms: tuple[Track, ...] = ()
    metrics: tuple[Track, ...] = ()
    learning_rates: tuple[Track, ...] = ()
    update_ratios: tuple[Track, ...] = ()
    deep: tuple[tuple[int, int], ...] = ()
