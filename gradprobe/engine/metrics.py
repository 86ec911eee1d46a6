"""The rows of the metric table: where each loss and logged metric began, where it ended, which way it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.engine.same_metric import without_repeats
from gradprobe.values import MetricTrend

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradprobe.engine.trend import TrendTest
    from gradprobe.record.record import Metric, Record

POINTS: Final = 60
"""Most points of a sparkline."""


def metric_trends(record: Record, trends: Mapping[str, TrendTest]) -> tuple[MetricTrend, ...]:
    """Return a row for each loss and logged metric.

    Not for what the recorder measures of itself, nor for what another one says already: a loss that the script logs as well, a
    metric that a framework sends on to a tracker.

    Args:
        record: The run.
        trends: The trend test of each metric, by name.
    """
    return tuple(_row(metric, trends[metric.name]) for metric in listed_metrics(record))


def listed_metrics(record: Record) -> tuple[Metric, ...]:
    """Return the metrics that are the user's, each once, however many sources it was logged through."""
    shown = shown_metrics(record)
    logged = {f"{metric.name} at backward" for metric in shown if metric.source not in ("loss", "gradprobe")}
    # A log that leaves out what is not finite does not stand for the loss.
    finite = {metric.name for metric in shown if np.isfinite(metric.values).all()}
    logged = {name for name in logged if name in finite or name.removesuffix(" at backward") not in finite}
    return without_repeats([metric for metric in shown if metric.name not in logged], {"log": 0, "loss": 2})


def shown_metrics(record: Record) -> tuple[Metric, ...]:
    """Return the metrics that are the user's: losses and logged ones that have a value."""
    return tuple(metric for metric in record.metrics.values() if metric.source != "gradprobe" and len(metric.values))


def _row(metric: Metric, test: TrendTest) -> MetricTrend:
    """Return one row; values that are not finite stay what they are."""
    values = metric.values
    series = values[evenly_spaced(metric.steps)]
    return MetricTrend(metric.name, float(values[0]), float(values[-1]), test.trend, tuple(map(float, series)))


def evenly_spaced(steps: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return at most `POINTS` positions in `steps` (`[n]`, ascending), evenly spaced in steps, the newest with them."""
    if len(steps) <= POINTS:
        return np.arange(len(steps))
    wanted = np.linspace(float(steps[0]), float(steps[-1]), POINTS)
    return np.unique(np.searchsorted(steps, np.floor(wanted)))
