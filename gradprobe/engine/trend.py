"""Which way a series goes: a rank test for monotone trend that is not fooled by autocorrelated training losses.

The test is Mann and Kendall's (Mann 1945, Kendall 1975) with the variance corrected for autocorrelation as Hamed and
Rao proposed ("A modified Mann-Kendall trend test for autocorrelated data", J. Hydrology 204, 1998). Three things differ
from the paper, because training losses are far more autocorrelated than river levels and fall in curves. What the
autocorrelation is estimated on is what an isotonic regression leaves, not what a straight line leaves, or the curve
itself would pass for autocorrelated noise; since that fit also takes some of the noise away, the level is strict. Lags
are used up to the first pair whose autocorrelations do not add up to more than zero (Geyer's initial positive sequence,
Statistical Science 7, 1992) instead of those that are individually significant. And each autocorrelation is corrected for
its downward bias in short series by the share of it that estimating the mean takes away. The confidence interval of the
change, by which flat is told from unclear, is that of Sen's slope (Sen 1968), widened by the autocorrelation of what
the straight line leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.values import Trend

if TYPE_CHECKING:
    from numpy.typing import NDArray

MINIMUM: Final = 30
"""Values below which a series is not judged."""
MOST: Final = 500
"""Values above which a series is thinned by block medians: the test is quadratic, and a trend shows in 500 medians."""
LEVEL: Final = 0.001
"""Two-sided level of the test."""
INTERVAL: Final = 0.98
"""Confidence of the interval of the change."""
FLAT_OF_LEVEL: Final = 0.02
"""A change over the whole run below this share of the median absolute value is flat …"""
FLAT_OF_SPREAD: Final = 0.1
"""… and so is one below this share of the spread (5th to 95th percentile), for series that hover about zero."""
SHIFT_OF_SPREAD: Final = 2.0
"""A beginning this many spreads of the second half away from its median has moved, even if the rest is a plateau."""
_FURTHEST: Final = 30.0


@dataclass(frozen=True, slots=True)
class TrendTest:
    """What the test came to.

    Attributes:
        trend: Which way the series goes.
        change: Sen's slope times the length: the change over the series, in units of the metric.
        low: Lower end of the `INTERVAL` confidence interval of `change`.
        high: Upper end.
        p_value: Two-sided, corrected for autocorrelation.
        values: Finite values it rests on, before thinning.
    """

    trend: Trend
    change: float
    low: float
    high: float
    p_value: float
    values: int


def find_trend(steps: NDArray[np.int64], values: NDArray[np.float64]) -> TrendTest:
    """Tell which way a series goes.

    DOWN and UP where the corrected rank test says so at `LEVEL`, or where the series began far from where it settled
    (a loss that falls at once and then stays). FLAT where that is *shown*: the whole confidence interval of
    the change over the series is within `FLAT_OF_LEVEL` of its level or `FLAT_OF_SPREAD` of its spread, whichever is
    larger. Otherwise, and below `MINIMUM` values, UNCLEAR.

    Args:
        steps: `[n]` step of each value, ascending.
        values: `[n]` values; those that are not finite are left out.

    Returns:
        The trend with its numbers (NaN below `MINIMUM` values).
    """
    finite = np.isfinite(values)
    count = int(finite.sum())
    if count < MINIMUM:
        return TrendTest(Trend.UNCLEAR, np.nan, np.nan, np.nan, np.nan, count)
    x, y = _thin(steps[finite].astype(np.float64), values[finite])
    if np.ptp(y) == 0.0:
        return TrendTest(Trend.FLAT, 0.0, 0.0, 0.0, 1.0, count)
    scale = float(np.abs(y).max())
    change, low, high, p_value, rising = _rank_test(x, y / scale)
    change, low, high = change * scale, low * scale, high * scale
    trend = _decide(y, low, high, p_value, rising)
    return TrendTest(trend, change, low, high, p_value, count)


def _thin(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return at most `MOST` block medians of a series (blocks of equal length, but for a shorter last one)."""
    block = -(-len(y) // MOST)
    if block == 1:
        return x, y
    whole = len(y) // block * block
    thin_x, thin_y = (np.median(values[:whole].reshape(-1, block), axis=1) for values in (x, y))
    if whole < len(y):
        thin_x, thin_y = np.append(thin_x, np.median(x[whole:])), np.append(thin_y, np.median(y[whole:]))
    return thin_x, thin_y


def _rank_test(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float, float, bool]:
    """Return the change over the series, its confidence interval, the corrected p-value, and whether ranks rise."""
    from scipy.optimize import isotonic_regression
    from scipy.special import ndtr, ndtri
    from scipy.stats import kendalltau, theilslopes

    n = len(y)
    slope = float(np.asarray(theilslopes(y, x), np.float64)[0])
    _, repeats = np.unique(y, return_counts=True)
    pairs, tied = n * (n - 1) / 2, float((repeats * (repeats - 1) / 2).sum())
    score = float(np.asarray(kendalltau(x, y), np.float64)[0]) * np.sqrt(pairs * (pairs - tied))
    variance = (n * (n - 1) * (2 * n + 5) - float((repeats * (repeats - 1) * (2 * repeats + 5)).sum())) / 18
    curve = np.asarray(isotonic_regression(y, increasing=bool(score > 0)).x, np.float64)
    rest = np.round((y - curve) / np.ptp(y), 12)  # What a fit leaves by rounding has ranks, too, and they mean nothing.
    p_value = float(2 * ndtr(-abs(score) / np.sqrt(variance * _inflation(rest))))
    # SciPy's interval knows nothing of autocorrelation: asking it for a further quantile widens it by sqrt(inflation).
    inflation = _inflation(y - slope * x)
    furthest = min(-float(ndtri((1 - INTERVAL) / 2)) * float(np.sqrt(inflation)), _FURTHEST)
    low, high = np.asarray(theilslopes(y, x, alpha=float(2 * ndtr(-furthest))), np.float64)[2:].tolist()
    length = float(x[-1] - x[0])
    return slope * length, low * length, high * length, p_value, score > 0


def _inflation(rest: NDArray[np.float64]) -> float:
    """Return by how much autocorrelation inflates the variance of Kendall's score (Hamed and Rao 1998, equation 16)."""
    from scipy.stats import rankdata

    n = len(rest)
    ranks = rankdata(rest)
    spectrum = np.abs(np.fft.rfft(ranks - ranks.mean(), 2 * n)) ** 2
    covariance = np.fft.irfft(spectrum)[:n]
    if covariance[0] <= 0.0:
        return 1.0
    rho = covariance[1:] / covariance[0]
    last = _positive_lags(rho)
    # Each of the two things fitted, mean and slope, takes about (time of correlation / n) off every autocorrelation:
    # give it back, at most half.
    taken = min(2.0 * (1.0 + 2.0 * float(rho[:last].sum())) / n, 0.5)
    rho = rho + (1.0 - rho) * taken
    last = min(last + 2, n - 1)
    lag = np.arange(1, last + 1, dtype=np.float64)
    weights = (n - lag) * (n - lag - 1) * (n - lag - 2)
    return max(1.0, 1.0 + 2.0 / (n * (n - 1) * (n - 2)) * float((weights * rho[:last]).sum()))


def _positive_lags(rho: NDArray[np.float64]) -> int:
    """Return how many lags precede the first pair of autocorrelations whose sum is not positive (Geyer 1992)."""
    whole = len(rho) // 2 * 2
    pairs = rho[:whole].reshape(-1, 2).sum(axis=1)
    stops = np.flatnonzero(pairs <= 0.0)
    return 2 * int(stops[0]) if len(stops) else whole


def _decide(y: NDArray[np.float64], low: float, high: float, p_value: float, rising: bool) -> Trend:
    """Turn the numbers of the test into a trend."""
    if p_value < LEVEL:
        return Trend.UP if rising else Trend.DOWN
    shift = _shift(y)
    if shift:
        return Trend.UP if shift > 0 else Trend.DOWN
    spread = float(np.subtract(*np.percentile(y, [95, 5])))
    tolerance = max(FLAT_OF_LEVEL * float(np.median(np.abs(y))), FLAT_OF_SPREAD * spread)
    return Trend.FLAT if max(abs(low), abs(high)) <= tolerance else Trend.UNCLEAR


def _shift(y: NDArray[np.float64]) -> int:
    """Return +1 or -1 where the series began far below or above the plateau of its second half, else 0.

    The beginning is the first tenth, twentieth or fortieth, whichever lies furthest off and has at least three values.
    """
    plateau = y[len(y) // 2 :]
    middle, spread = float(np.median(plateau)), float(np.subtract(*np.percentile(plateau, [95, 5])))
    far = max(SHIFT_OF_SPREAD * spread, FLAT_OF_LEVEL * float(np.median(np.abs(y))))
    heads = [float(np.median(y[: len(y) // part])) - middle for part in (10, 20, 40) if len(y) // part >= 3]
    furthest = max(heads, key=abs, default=0.0)
    if abs(furthest) <= far:
        return 0
    return 1 if furthest < 0.0 else -1
