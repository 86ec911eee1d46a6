"""severed-gradient: which cut is named for parameters whose gradient never came, and what is let be."""

from __future__ import annotations

import pytest

from gradprobe.values import Backward, Confidence, GradCut, LossReach, OptimizerStep, Severity, Site
from gradprobe_checks.severed_gradient import CHECK, LEAST_STEPS
from tests.support.records import record

BACKWARD = Site("/home/user/train.py", 20, "main", "loss.backward()")
OTHER = Site("/home/user/train.py", 30, "main", "other.backward()")
STEP = Site("/home/user/train.py", 21, "main", "optimizer.step()")
MODULES = {"encoder": ["w", "b"], "head": ["w"]}  # Positions 0, 1 and 2.
NONE = {"encoder.w": -1.0, "encoder.b": -1.0}


def cut(number, kind="detach", line=5, **changed):
    site = Site("/home/user/train.py", line, "forward", "x = x.detach()")
    return GradCut(number, kind, site, kind, site, **changed)


def reach(cuts, *, reached=(2,), site=BACKWARD):
    return LossReach(site, "loss", reached, cuts)


def found(*observations, norms=None, steps=LEAST_STEPS, **changed):
    calls = [Backward(OTHER, "other"), OptimizerStep(STEP, 1), Backward(BACKWARD, "loss"), OptimizerStep(STEP, 0)]
    run = record(
        MODULES, NONE if norms is None else norms, steps=steps, calls=calls, observations=observations, **changed
    )
    return list(CHECK.find(run))


def test_the_line_that_cuts_with_all_that_is_behind_it():
    (finding,) = found(cut(1), reach({1: (0, 1)}))
    assert (finding.severity, finding.confidence) == (Severity.ERROR, Confidence.CERTAIN)
    assert (finding.location.line, finding.modules) == (5, ("encoder",))
    assert "2 parameters of encoder reach the loss only through this line; their optimizer" in finding.message


def test_before_three_steps_it_is_only_worth_a_word():
    (finding,) = found(cut(1), reach({1: (0, 1)}), steps=LEAST_STEPS - 1)
    assert finding.severity is Severity.INFO


def test_a_value_that_came_back_as_an_equal_number_is_a_warning():
    (finding,) = found(cut(1, "item", certain=False), reach({1: (0, 1)}))
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.LIKELY)


def test_a_gradient_that_came_once_is_enough():
    assert not found(cut(1), reach({1: (0, 1)}), norms={"encoder.w": [1.0, -1.0, -1.0], "encoder.b": [1.0, -1.0, -1.0]})


def test_a_live_way_to_its_own_loss_is_no_severing():
    assert not found(cut(1), reach({1: (0, 1)}, reached=(0, 1, 2)))


def test_a_live_way_to_a_loss_of_another_optimizer_does_not_help():
    (finding,) = found(cut(1), reach({1: (0, 1)}), reach({}, reached=(0, 1, 2), site=OTHER))
    assert finding.location.line == 5


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        ({1: (0,)}, {2: (0, 1)}, 9),  # What accounts for more.
        ({1: (0, 1, 2)}, {2: (0, 1)}, 9),  # Of equals, what takes fewer others with it.
    ],
)
def test_of_several_cuts_the_one_that_accounts_for_it(first, second, named):
    finding, *_ = found(cut(1), cut(2, line=9), reach({**first, **second}))
    assert finding.location.line == named


def test_of_equals_an_accident_goes_before_what_is_written_to_cut():
    (finding,) = found(cut(1), cut(2, "cast", line=9), reach({1: (0, 1), 2: (0, 1)}))
    assert finding.location.line == 9


def test_what_hands_its_gradient_on_by_itself_is_let_be():
    assert not found(cut(1, handed_over=True), reach({1: (0, 1)}), steps=99)
    assert found(cut(1, handed_over=True), reach({1: (0, 1)}), steps=100)
