"""Whether a step takes longer. Machines are noisy: it is told from one and a half times on, and never an error."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.compare.spread import Level, baseline_of, level_of, reach
from gradprobe.values import Severity
from gradprobe.values.comparison import Change, ChangeKind, Effect, StepTime

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradprobe.compare.view import View

TOLD: Final = 1.5
"""Ratio from which a step that takes longer is told, at the least."""
WARNED: Final = 2.0
"""Ratio from which it is a warning …"""
LASTING: Final = 10.0
"""… if the steps that are compared took so many seconds in each run: what else a machine does comes in bursts."""
_FURTHEST: Final = 50.0
FEWEST: Final = 10
"""Steps below which durations say nothing; deep ones, which are slow, are left out."""


def step_time(baselines: Sequence[View], new: View, first: int, last: int) -> StepTime | None:
    """Return the duration of a step; None where it cannot be compared: other machines, too few steps, a report.

    Args:
        baselines: The runs that are the measure.
        new: The run that is measured.
        first: First step that counts.
        last: Last step that counts.
    """
    runs = [one.source.report.run for one in (*baselines, new)]
    if len({(run.device, run.torch, run.python) for run in runs}) > 1:
        return None
    durations = [_durations(one, first, last) for one in (*baselines, new)]
    known = [one for one in durations if one is not None]
    if len(known) < len(durations):
        return None
    baseline, now = baseline_of([one.level for one in known[:-1]]), known[-1].level
    threshold = max(math.log(TOLD), reach(baseline, 1))
    return StepTime(
        base=math.exp(baseline.value),
        new=math.exp(now.value),
        threshold=math.exp(min(threshold, _FURTHEST)),
        seconds=min(one.seconds for one in known),
    )


@dataclass(frozen=True, slots=True)
class _Durations:
    level: Level
    seconds: float


def _durations(run: View, first: int, last: int) -> _Durations | None:
    """Return the level of the durations' logarithm and what they come to; None where there are too few."""
    if run.steps is None:
        return None
    index, span, seconds = run.steps.index, run.steps.span, run.steps.seconds
    there = (seconds > 0) & ~_deep(run) & (index >= first) & (index <= last)
    level = level_of(index[there], span[there], np.log(seconds[there]), first, last)
    if level is None or int(span[there].sum()) < FEWEST:
        return None
    return _Durations(level, float((seconds[there] * span[there]).sum()))


def _deep(run: View) -> NDArray[np.bool_]:
    """Return which rows are deep steps, which take longer by what is measured in them."""
    assert run.steps is not None and run.source.record is not None
    index = run.steps.index
    deep = np.zeros(len(index), np.bool_)
    for first, last in run.source.record.deep:
        deep |= (index >= first) & (index <= last)
    return deep


def changed_step_time(time: StepTime | None) -> Iterator[Change]:
    """Yield that a step takes longer, or less long, than chance explains."""
    if time is None:
        return
    ratio = time.new / time.base
    was, now = duration(time.base), duration(time.new)
    if ratio > time.threshold:
        is_sure = ratio > WARNED and time.seconds >= LASTING
        severity = Severity.WARNING if is_sure else Severity.INFO
        text = f"A step takes {ratio:.1f} times as long: {now}, before {was}."
        yield Change(ChangeKind.STEP_TIME, Effect.REGRESSION, severity, "step time", text, was, now)
    elif ratio < 1 / time.threshold:
        text = f"A step takes {1 / ratio:.1f} times less long: {now}, before {was}."
        yield Change(ChangeKind.STEP_TIME, Effect.IMPROVEMENT, Severity.INFO, "step time", text, was, now)


def duration(seconds: float) -> str:
    """Return a short duration: `1.25 s`, `34.1 ms`."""
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"
