"""Whether losses end higher than they did, and which other metrics end elsewhere.

A loss is compared by where it ends: the median of its last quarter, over the steps that all runs have. It has become worse if it
ends higher by more than half of what it fell in the baseline and a tenth of its level, and either by more than
chance explains, or it no longer falls at all. One that rises in the baseline is no measure of success (an actor's loss). Of a
metric nobody but the policy knows which way is good, so that it is told, and is no regression.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.compare.spread import BLOCKS, FEWEST_BLOCKS, Level, about_a_line, baseline_of, reach
from gradprobe.text.figures import metric as figure
from gradprobe.values import Severity, Trend
from gradprobe.values.comparison import Change, ChangeKind, Effect, MetricRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradprobe.compare.view import MetricView, View

OF_TRAVEL: Final = (0.75, 0.5)
"""Share of what the metric moved in the baseline, below which a difference at the end is not told: of one baseline, of several."""
OF_LEVEL: Final = (0.25, 0.1)
"""Share of the baseline's level, likewise."""
_LARGEST: Final = 1e100


@dataclass(frozen=True, slots=True)
class _Ends:
    first: float
    last: Level


def metric_rows(baselines: Sequence[View], new: View, last: int) -> tuple[MetricRow, ...]:
    """Return the losses and metrics that all runs have.

    Args:
        baselines: The runs that are the measure.
        new: The run that is measured.
        last: Last step that counts.
    """
    shared = [key for key in new.metrics if all(key in one.metrics for one in baselines)]
    return tuple(
        _row([one.metrics[key] for one in baselines], new.metrics[key], last, looks=len(shared)) for key in shared
    )


def changed_metrics(rows: Sequence[MetricRow]) -> Iterator[Change]:
    """Yield losses that end higher or are no numbers any more, then metrics that end elsewhere or turned round."""
    for row in rows:
        was, now = _ends(row.base_first, row.base_last), _ends(row.new_first, row.new_last)
        if not math.isfinite(row.new_last):
            if math.isfinite(row.base_last):
                text = f"{row.name} ends in {row.new_last}; before, it ended at {figure(row.base_last)}."
                yield Change(_kind(row), Effect.REGRESSION, Severity.ERROR, row.name, text, was, now)
        elif row.moved and row.is_loss and row.base_trend is not Trend.UP:
            higher = row.new_last > row.base_last
            text = f"{row.name} ends {'higher' if higher else 'lower'}: {figure(row.new_last)}, before {figure(row.base_last)}"
            text += f" ({row.new_trend.value}, before {row.base_trend.value})."
            effect, severity = (Effect.REGRESSION, Severity.WARNING) if higher else (Effect.IMPROVEMENT, Severity.INFO)
            yield Change(ChangeKind.LOSS, effect, severity, row.name, text, was, now)
        elif row.moved or {row.base_trend, row.new_trend} == {Trend.UP, Trend.DOWN}:
            text = (
                f"{row.name} ends at {figure(row.new_last)} ({row.new_trend.value}), before at {figure(row.base_last)} "
            )
            text += f"({row.base_trend.value})."
            yield Change(_kind(row), Effect.CHANGE, Severity.INFO, row.name, text, was, now)


def _kind(row: MetricRow) -> ChangeKind:
    return ChangeKind.LOSS if row.is_loss else ChangeKind.METRIC


def _row(before: Sequence[MetricView], now: MetricView, last: int, looks: int) -> MetricRow:
    ends, new = [_of(one, last) for one in before], _of(now, last)
    baseline = baseline_of([one.last for one in ends])
    first = median(one.first for one in ends)
    trends = {one.trend for one in before}
    trend = trends.pop() if len(trends) == 1 else Trend.UNCLEAR
    several = len(before) > 1
    least = max(OF_TRAVEL[several] * baseline.travel, OF_LEVEL[several] * abs(baseline.value))
    chance = reach(baseline, looks)
    difference = abs(new.last.value - baseline.value)
    turned = trend is Trend.DOWN and now.trend in (Trend.UP, Trend.FLAT)
    return MetricRow(
        name=now.name,
        is_loss=now.is_loss or any(one.is_loss for one in before),
        base_first=first,
        base_last=baseline.value,
        new_first=new.first,
        new_last=new.last.value,
        base_trend=trend,
        new_trend=now.trend,
        threshold=max(least, chance) if math.isfinite(chance) else None,
        moved=difference > max(least, chance) or (turned and difference > least),
    )


def _of(view: MetricView, last: int) -> _Ends:
    """Return where a metric begins and ends; of a report, its first and last value, of which the spread is not known."""
    values = None if view.values is None or view.steps is None else _bounded(view.values[view.steps <= last])
    if values is None or not len(values):
        first, end = _bounded(np.array([view.first, view.last])).tolist()
        return _Ends(first, Level(end, abs(end - first), math.nan, 0))
    end = values[-max(len(values) // 4, 1) :]
    finite = np.isfinite(end)
    level = float(np.median(end[finite])) if finite.sum() * 2 > len(end) else float(end[~finite][-1])
    start = float(np.median(values[: max(len(values) // 8, 1)]))
    within, freedom = _noise(values[len(values) // 2 :])
    return _Ends(start, Level(level, abs(level - start), within, freedom))


def _bounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values whose squares are numbers; those that are not finite stay what they are."""
    return np.where(np.isfinite(values), np.clip(values, -_LARGEST, _LARGEST), values)


def _noise(values: NDArray[np.float64]) -> tuple[float, int]:
    """Return the variance of the medians of blocks about a straight line, and its degrees of freedom; NaN and 0 if too few.

    The line takes out that a loss is still falling: that is what it is compared for.
    """
    finite = values[np.isfinite(values)]
    count = min(BLOCKS, len(finite) // 2)
    if count < FEWEST_BLOCKS:
        return math.nan, 0
    medians = np.array([np.median(part) for part in np.array_split(finite, count)])
    return about_a_line(np.arange(count, dtype=np.float64), medians)


def _ends(first: float, last: float) -> str:
    return f"{figure(first)} to {figure(last)}"
