"""Judges `falling` and `rising`: which way a metric goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.engine.flags.outcome import Observed, Outcome, judged, not_there, too_early
from gradprobe.engine.flags.targets import metrics_meant
from gradprobe.engine.metrics import shown_metrics
from gradprobe.engine.trend import MINIMUM
from gradprobe.text.figures import plural
from gradprobe.values import Trend

if TYPE_CHECKING:
    from gradprobe.engine.evidence import Evidence
    from gradprobe.engine.trend import TrendTest
    from gradprobe.policy.schema import MetricTrend
    from gradprobe.record.record import Metric
    from gradprobe.values import Flag

ENOUGH_TO_BE_FLAT: Final = 100
"""Values below which a flat metric is not held against a run: it may not have begun to move."""
_WORDS = {Trend.DOWN: "falls", Trend.UP: "rises", Trend.FLAT: "flat", Trend.UNCLEAR: "unclear"}


def judge_metric_trend(flag: MetricTrend, evidence: Evidence) -> Flag:
    """Judge every metric that the flag means: broken when it goes the other way or is shown to be flat."""
    expected = "falls" if flag.kind == "falling" else "rises"
    metrics = metrics_meant(flag.metric, flag.source, evidence.record)
    if not metrics:
        names = [metric.name for metric in shown_metrics(evidence.record)]
        return not_there(flag, expected, "metric", flag.metric, names)
    wanted = Trend.DOWN if flag.kind == "falling" else Trend.UP
    return judged(flag, expected, [_observe(metric, evidence.trends[metric.name], wanted) for metric in metrics])


def _observe(metric: Metric, test: TrendTest, wanted: Trend) -> Observed:
    """Return what was observed of one metric."""
    if test.values < MINIMUM:
        return too_early(metric.name, test.values, MINIMUM)
    if test.trend is Trend.UNCLEAR or (test.trend is Trend.FLAT and test.values < ENOUGH_TO_BE_FLAT):
        outcome = Outcome.UNKNOWN
    else:
        outcome = Outcome.HOLDS if test.trend is wanted else Outcome.BROKEN
    words = f"{_WORDS[test.trend]}: {metric.values[0]:.4g} to {metric.values[-1]:.4g} in {plural(len(metric.values), 'value')}"
    return Observed(metric.name, outcome, words)
