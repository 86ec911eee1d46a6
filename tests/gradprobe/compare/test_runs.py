"""Endings, flags, durations, and which runs may be compared at all."""

from dataclasses import replace

import pytest

from gradprobe.compare import compare
from gradprobe.errors import UsageError
from gradprobe.values import Colour, Flag
from tests.gradprobe.compare.changes import changes
from tests.support.sources import STEPS, source

CRASH = {"exit_code": 1, "exception": "RuntimeError: no", "stopped_by": "exception"}


def test_failure_is_an_error_and_its_end_an_improvement():
    assert changes(source(), source(**CRASH)) == [("ending", "regression", "error", "run")]
    assert changes(source(**CRASH), source()) == [("ending", "improvement", "info", "run")]
    assert changes(source(**CRASH), source(**CRASH)) == []


GONE = {"stopped_by": None, "exit_code": None, "is_gone": True}


@pytest.mark.parametrize("how", [{"stopped_by": "signal", "exit_code": 143}, {"exit_code": 3}, GONE])
def test_other_failures(how):
    assert changes(source(), source(**how)) == [("ending", "regression", "error", "run")]


def test_run_that_is_going_on_has_not_failed():
    found = compare([source("a")], source("b", stopped_by=None, exit_code=None))
    assert found.changes == () and "b is still going on, or was killed" in " ".join(found.notes)


def test_crash_before_the_first_step_is_compared():
    crashed = source(steps=0, metrics={}, **CRASH)
    found = compare([source()], crashed)
    assert [one.text for one in found.changes] == ["The run failed before its first step was done: RuntimeError: no."]
    assert (found.steps, found.norms) == (0, ())


def test_step_that_an_exception_cut_off_is_not_compared():
    """In its last step, the sixth, the encoder had not been stepped yet."""
    cut = source(norms={"encoder.weight": [1.0] * 5 + [-1.0]}, steps=6, **CRASH)
    assert compare([source()], cut).steps == 5


def flag(colour, name="loss-falls"):
    return Flag(name, colour, "falls", "flat")


@pytest.mark.parametrize(
    ("before", "after", "effect", "severity"),
    [
        (Colour.GREEN, Colour.RED, "regression", "error"),
        (Colour.GREY, Colour.RED, "regression", "error"),
        (Colour.AMBER, Colour.RED, "regression", "error"),
        (Colour.GREEN, Colour.AMBER, "regression", "warning"),
        (Colour.RED, Colour.AMBER, "improvement", "info"),
        (Colour.RED, Colour.GREEN, "improvement", "info"),
    ],
)
def test_flags_that_turned(before, after, effect, severity):
    runs = source("a", flags=[flag(before)]), source("b", flags=[flag(after)])
    assert changes(*runs) == [("flag", effect, severity, "loss-falls")]


@pytest.mark.parametrize(
    ("before", "after"),
    [(Colour.RED, Colour.RED), (Colour.RED, Colour.GREY), (Colour.GREEN, Colour.GREY), (Colour.GREY, Colour.GREEN)],
)
def test_flags_that_did_not(before, after):
    assert changes(source(flags=[flag(before)]), source(flags=[flag(after)])) == []


def test_flag_that_was_red_is_said_to_be_so_still():
    found = compare([source(flags=[flag(Colour.RED)])], source(flags=[flag(Colour.RED), flag(Colour.RED, "new")]))
    assert [one.name for one in found.unchanged_flags] == ["loss-falls"]
    assert found.changes == ()  # A flag that the baseline does not have is no change of the run.


@pytest.mark.parametrize(("factor", "severity"), [(1.6, "info"), (2.5, "warning")])
def test_step_that_takes_longer(factor, severity):
    slow = source(seconds=factor)
    assert changes(source(), slow) == [("step time", "regression", severity, "step time")]
    assert changes(slow, source()) == [("step time", "improvement", "info", "step time")]


def test_short_runs_are_no_measure_of_a_machine():
    """36 steps of 0.1 s are 3.6 s, less than the ten that a warning asks for."""
    assert changes(source(seconds=0.1), source(seconds=0.5)) == [("step time", "regression", "info", "step time")]


def test_deep_steps_are_left_out():
    slow = [1.0] * 20 + [50.0] * 16 + [1.0] * 4
    deep = source(seconds=slow)
    assert changes(source(), replace(deep, record=replace(deep.record, deep=((20, 35),)))) == []
    most = source(seconds=slow)
    found = compare([source()], replace(most, record=replace(most.record, deep=((4, 35),))))
    assert found.step_time is None  # Four steps are left.


def test_durations_that_vary_may_vary():
    """Blocks of 4 or 5 steps that take 1 s and 30 s in turn: Student's quantile of that is far above 4."""
    varying = [30.0 if step // 5 % 2 else 1.0 for step in range(STEPS)]
    assert changes(source(), source(seconds=1.4)) == []
    assert changes(source(seconds=varying), source(seconds=[4 * one for one in varying])) == []
    assert changes(source(), source(seconds=4.0)) == [("step time", "regression", "warning", "step time")]


def test_durations_on_another_device_are_not_compared():
    found = compare([source("a")], source("b", device="cuda:0", seconds=9.0))
    assert (found.changes, found.step_time) == ((), None)
    assert found.notes == ("a ran with device cpu, b with cuda:0: durations of steps were not compared.",)


REFUSED = {
    "another script": ({"script": "other.py"}, "b one of other.py"),
    "other ranks": ({"ranks": 2}, "a has 1 rank, b 2 ranks"),
    "no step": ({"steps": 0}, "b has no training step"),
    "no module in common": ({"modules": {"net": ["weight"]}}, "no root module of a (encoder, head) is in b (net)"),
}


@pytest.mark.parametrize("row", REFUSED)
def test_refused_with_the_reason_unless_forced(row):
    other, reason = REFUSED[row]
    with pytest.raises(UsageError, match="--force") as refused:
        compare([source("a")], source("b", **other))
    assert reason in str(refused.value)
    assert any(reason in note for note in compare([source("a")], source("b", **other), force=True).notes)


def test_baseline_without_a_step_is_refused():
    with pytest.raises(UsageError, match="a has no training step"):
        compare([source("a", steps=0, **CRASH)], source("b"))


@pytest.mark.parametrize("script", ["/elsewhere/train.py", "C:\\work\\train.py", "train.py"])
def test_script_may_lie_elsewhere(script):
    assert changes(source(), source(script=script)) == []


def test_other_length_is_said():
    found = compare([source("a")], source("b", steps=30))
    assert found.steps == 30
    assert "a has 40 steps: gradients, losses and durations were compared over the first 30" in found.notes[0]
