"""What is sent of a run: every point that there is, and not more than a tracker bears."""

from dataclasses import replace

import numpy as np
import pytest

from gradprobe.values import Series, Track
from gradprobe_reports.trackers.points import lines, rows, thinned
from tests.reports.examples import MISSING, RED


def track(name, values, non_finite=(), missing=()):
    numbers = np.array(values, np.float64)
    flags = [np.isin(np.arange(len(numbers)), chosen) for chosen in (non_finite, missing)]
    return Track(name, numbers, numbers, numbers, *flags)


def report(modules, steps=3):
    """Return a report of three buckets of `steps` steps, with modules of norm 1."""
    first = np.arange(3) * steps
    series = Series(
        first,
        first + steps - 1,
        norms=tuple(track(module.name, [1, 1, 1]) for module in modules),
        metrics=(track("loss", [3, np.nan, 1], non_finite=[1]),),
        learning_rates=(track("SGD", [0.1, np.nan, 0.3]),),
    )
    return replace(RED, run=replace(RED.run, steps=3 * steps), modules=tuple(modules), series=series, findings=())


def test_a_point_stands_at_the_last_step_of_its_bucket_and_only_where_there_is_a_value():
    (module,) = modules(1)
    found = {line.name: line for line in lines(report([module]))}
    assert found["gradprobe/learning_rate/SGD"].steps == (2, 8)
    assert found["gradprobe/learning_rate/SGD"].values == (0.1, 0.3)
    assert found["gradprobe/metric/loss"].values == pytest.approx((3, float("nan"), 1), nan_ok=True)
    assert [step for step, _ in rows(report([module]))] == [2, 5, 8]
    assert dict(rows(report([module])))[5].keys() == {"gradprobe/norm/m0", "gradprobe/metric/loss"}


def test_of_very_many_modules_those_of_findings_and_the_topmost_are_sent():
    many = modules(1200)
    accused = replace(MISSING, modules=(many[-1].name,))
    whole = replace(report(many), findings=(accused,))
    sent = [line.name for line in lines(whole) if line.name.startswith("gradprobe/norm/")]
    assert sent == [f"gradprobe/norm/m{number}" for number in (*range(999), 1199)]
    assert thinned(whole) == "9 steps in 3 points, norms of 1000 of 1200 modules"


def test_a_run_without_steps_has_nothing_to_draw():
    assert lines(replace(RED, series=None)) == ()
    assert thinned(replace(RED, series=None)) == ""
    assert thinned(report(modules(1), steps=1)) == ""


def modules(count):
    return [replace(RED.modules[0], name=f"m{number}", depth=number // 1000) for number in range(count)]
