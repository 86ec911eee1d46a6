"""scheduler-misuse: schedulers that are stepped before the optimizer, or with every batch."""

from dataclasses import replace

import numpy as np

from gradprobe.record.record import CallSeen
from gradprobe.values import OptimizerStep, SchedulerStep, Site, StepSkipped, Warned
from gradprobe_checks import scheduler_misuse
from tests.support.records import SITE, record

STEP = Site("/home/user/train.py", 30, "main", "scheduler.step()")
WARNING = Warned(
    STEP, "UserWarning", "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0"
)


def decaying(kind: str, every: int, steps: int = 40):
    """A rate that falls to a tenth every so many steps."""
    whole = record({"net": ["weight"]}, steps=steps, calls=[OptimizerStep(SITE, 0), SchedulerStep(STEP, kind)])
    rates = np.array([[0.1 * 0.1 ** (step // every)] for step in range(steps)])
    return list(scheduler_misuse.find(replace(whole, steps=replace(whole.steps, learning_rates=rates))))


def test_names_the_step_with_every_batch():
    (finding,) = decaying("StepLR", 5)
    assert finding.location == STEP
    assert finding.first_step == 10  # 0.1 * 0.1 ** 2, a hundredth, from the tenth step on.


def test_a_rate_that_falls_late_is_right():
    assert not decaying("StepLR", 6)  # A hundredth from step 12 of 40 on: after the first quarter.


def test_schedules_that_end_low_are_right():
    assert not decaying("CosineAnnealingLR", 5)


def test_names_the_step_before_the_optimizers_first():
    calls = [SchedulerStep(STEP, "StepLR"), OptimizerStep(SITE, 0)]
    (finding,) = scheduler_misuse.find(record({"net": ["weight"]}, steps=5, calls=calls, incidents=[WARNING]))
    assert finding.location == STEP


def test_skipping_ahead_to_resume_is_right():
    calls = [CallSeen(SchedulerStep(STEP, "StepLR"), 0, 0, 3), OptimizerStep(SITE, 0)]
    assert not list(scheduler_misuse.find(record({"net": ["weight"]}, steps=5, calls=calls, incidents=[WARNING])))


def test_a_step_that_a_scaler_left_out_is_not_the_order():
    calls = [SchedulerStep(STEP, "StepLR"), OptimizerStep(SITE, 0)]
    incidents = [WARNING, StepSkipped(SITE, 0)]
    assert not list(scheduler_misuse.find(record({"net": ["weight"]}, steps=5, calls=calls, incidents=incidents)))
