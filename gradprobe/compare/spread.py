"""How far apart two runs of one program may lie by chance.

What is compared of a run is a *level*: the median of a series over the steps that count. Training series are
autocorrelated and heavy-tailed, so the spread of a level within a run is taken from the medians of blocks of steps, not
from single steps, and about a straight line: that a series rises or falls is not its spread but its *travel*. Between
runs there is more (another seed, another order of the data), which only several baselines show, and a few runs show
badly. So the two are pooled as variances with their degrees of freedom,

    variance = ((runs - 1) * between + blocks * within) / (runs - 1 + blocks),

where `blocks` is the number of blocks less two: with one baseline the spread is that within the run, and with each
further one it is more that of the baselines (a moderated variance as in Smyth, "Linear models and empirical Bayes
methods", Stat. Appl. Genet. Mol. Biol. 3, 2004). By chance a new run's level lies within Student's quantile times
sqrt(variance * (1 + 1 / runs)) of the baselines'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, variance
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.engine.health import weighted_median

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCKS: Final = 8
"""Blocks that the steps of a run are divided into."""
FEWEST_BLOCKS: Final = 4
"""Blocks with values below which a spread within the run is not known."""
LEVEL: Final = 0.01
"""Probability of a false alarm, over everything of one kind that is compared."""


@dataclass(frozen=True, slots=True)
class Level:
    """The level of a series in one run.

    Attributes:
        value: The level.
        travel: How far the medians of blocks lie apart.
        within: Variance of the medians of blocks about a straight line; NaN where it is not known.
        freedom: Its degrees of freedom; 0 where it is not known.
    """

    value: float
    travel: float
    within: float
    freedom: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """The level of a series over all baselines.

    Attributes:
        value: The middle one of their levels.
        travel: How far they move within a run, the middle one of them.
        deviation: Pooled standard deviation of a level; NaN where it is not known.
        freedom: Its degrees of freedom; 0 where it is not known.
        runs: How many baselines there are.
    """

    value: float
    travel: float
    deviation: float
    freedom: int
    runs: int


def level_of(
    index: NDArray[np.int64], span: NDArray[np.int64], values: NDArray[np.float64], first: int, last: int
) -> Level | None:
    """Return the level of a series over steps; None where it has no value there.

    Args:
        index: `[n]` step of each value, ascending.
        span: `[n]` steps that each value stands for.
        values: `[n]` values.
        first: First step that counts.
        last: Last step that counts.
    """
    counts = (index >= first) & (index <= last)
    index, span, values = index[counts], span[counts], values[counts]
    if not len(values):
        return None
    blocks = np.minimum((index - first) * BLOCKS // max(last - first + 1, 1), BLOCKS - 1)
    there = np.unique(blocks)
    medians = np.array([np.median(values[blocks == block]) for block in there])
    within, freedom = about_a_line(there.astype(np.float64), medians)
    return Level(_middle(values, span), float(np.ptp(medians)), within, freedom)


def about_a_line(place: NDArray[np.float64], medians: NDArray[np.float64]) -> tuple[float, int]:
    """Return the variance of the medians of blocks about a straight line, and its degrees of freedom; NaN and 0 if too few.

    Args:
        place: `[blocks]` where they lie.
        medians: `[blocks]` the medians.
    """
    freedom = len(medians) - 2
    if len(medians) < FEWEST_BLOCKS:
        return float("nan"), 0
    rest = medians - np.polyval(np.polyfit(place, medians, 1), place)
    return float((rest**2).sum() / freedom), freedom


def baseline_of(levels: Sequence[Level]) -> Baseline:
    """Return the level of all baselines, with the spread between and within them pooled.

    Args:
        levels: Of each baseline; at least one.
    """
    runs = len(levels)
    values = [one.value for one in levels]
    known = [one for one in levels if one.freedom]
    blocks = round(median(one.freedom for one in known)) if known else 0
    freedom = runs - 1 + blocks
    travel = median(one.travel for one in levels)
    if not freedom:
        return Baseline(median(values), travel, float("nan"), 0, runs)
    between = variance(values) if runs > 1 else 0.0
    within = sum(one.within for one in known) / len(known) if known else 0.0
    pooled = ((runs - 1) * between + blocks * within) / freedom
    return Baseline(median(values), travel, float(np.sqrt(pooled)), freedom, runs)


def reach(baseline: Baseline, looks: int, level: float = LEVEL) -> float:
    """Return how far from the baseline a new run's level may lie by chance; infinity where the spread is not known.

    Args:
        baseline: The level of the baselines.
        looks: How many things share the probability of a false alarm (Bonferroni's correction).
        level: That probability, for both directions.
    """
    if not baseline.freedom:
        return float("inf")
    from scipy.special import stdtrit

    quantile = float(stdtrit(baseline.freedom, 1.0 - level / (2 * max(looks, 1))))
    return quantile * baseline.deviation * float(np.sqrt(1.0 + 1.0 / baseline.runs))


def _middle(values: NDArray[np.float64], span: NDArray[np.int64]) -> float:
    """Return the median, each value weighted by the steps it stands for."""
    # Shifted above zero, below which `weighted_median` takes a value for a code.
    lowest = float(values.min())
    middle = weighted_median(values - lowest, span)
    return lowest + (middle or 0.0)
