"""Judges `finite`: metrics, or gradients, are neither NaN nor infinite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradprobe.engine.flags.outcome import Observed, Outcome, judged, not_due, not_there, too_early
from gradprobe.engine.flags.targets import judge_modules, metrics_meant
from gradprobe.engine.metrics import shown_metrics
from gradprobe.engine.norms import was_due
from gradprobe.text.figures import plural

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradprobe.engine.evidence import Evidence
    from gradprobe.policy.schema import Finite
    from gradprobe.record.record import Metric, Module
    from gradprobe.values import Flag


def judge_finite(flag: Finite, evidence: Evidence) -> Flag:
    """Judge every metric, or the topmost modules, that the flag means."""
    record = evidence.record
    expected = _expected(flag)
    if flag.metric is not None:
        metrics = metrics_meant(flag.metric, flag.source, record)
        if not metrics:
            return not_there(flag, expected, "metric", flag.metric, [metric.name for metric in shown_metrics(record)])
        return judged(flag, expected, [_observe_metric(flag, metric) for metric in metrics])
    rows = evidence.norms.highest

    def observe(position: int) -> Observed:
        return _observe_module(flag, record.modules[position], rows[position], record.steps.span)

    return judge_modules(flag, expected, flag.module or "*", record, observe)


def _expected(flag: Finite) -> str:
    """Return what the flag asks for, in words."""
    times = f" for {flag.window} in a row" if flag.window > 1 else ""
    return f"does not end in NaN or Inf{times}" if flag.at_end else f"no NaN or Inf{times}"


def _observe_metric(flag: Finite, metric: Metric) -> Observed:
    """Return what was observed of one metric."""
    bad = ~np.isfinite(metric.values)
    if not bad.any():
        return Observed(metric.name, Outcome.HOLDS, f"finite in {plural(len(bad), 'value')}")
    first, last = metric.steps[bad][[0, -1]]
    span = f"step {first}" if first == last else f"steps {first} to {last}"
    words = f"{metric.values[bad][0]:g} in {int(bad.sum())} of {plural(len(bad), 'value')} ({span})"
    return Observed(metric.name, _outcome(flag, bad, np.ones(len(bad), np.int64)), words)


def _observe_module(flag: Finite, module: Module, row: NDArray[np.float64], span: NDArray[np.int64]) -> Observed:
    """Return what was observed of one module; a thinned row in which any step was not finite is not finite.

    A run shorter than the window is too early to tell: a gradient scaler may still be looking for its scale.
    """
    counts = module.counts
    if counts.looked_at == 0:
        return not_due(module.name)
    if counts.none == counts.looked_at:
        return Observed(module.name, Outcome.NOT_DUE, f"had no gradient in {plural(counts.none, 'step')}")
    if counts.non_finite == 0:
        return Observed(module.name, Outcome.HOLDS, f"finite in {plural(counts.looked_at, 'step')}")
    if counts.looked_at < flag.window:
        return too_early(module.name, counts.looked_at, flag.window)
    due = was_due(row)
    outcome = _outcome(flag, ~np.isfinite(row[due]), span[due])
    return Observed(module.name, outcome, f"NaN or Inf in {counts.non_finite} of {plural(counts.looked_at, 'step')}")


def _outcome(flag: Finite, bad: NDArray[np.bool_], span: NDArray[np.int64]) -> Outcome:
    """Return whether values in a row break the flag.

    At the end of a run shorter than the window, all values must be bad; elsewhere, `window` of them in a row.
    """
    lengths = np.where(bad, span, 0).cumsum()
    runs = lengths - np.maximum.accumulate(np.where(bad, 0, lengths))
    if flag.at_end:
        broken = len(runs) > 0 and runs[-1] >= min(flag.window, int(span.sum()))
    else:
        broken = len(runs) > 0 and runs.max() >= flag.window
    return Outcome.BROKEN if broken else Outcome.HOLDS
