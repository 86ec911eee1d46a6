"""scheduler-misuse: schedules of another unit, of another optimizer, and plateaus that wait for the wrong turn."""

from dataclasses import replace

import numpy as np
import pytest

from gradprobe.record.record import CallSeen, Metric, Optimizer
from gradprobe.values import Observation, OptimizerStep, SchedulerStep, Severity, Site
from gradprobe_checks import scheduler_misuse
from tests.support.records import SITE, record

BUILT = Site("/home/user/train.py", 10, "main", "scheduler = ...")
STEP = Site("/home/user/train.py", 30, "main", "scheduler.step()")


def built(kind, **more):
    return Observation("scheduler-built", BUILT, detail={"class": kind, "optimizer": 0, "shared_with": -1, **more})


def epochs(length, calls, steps=40, **facts):
    """A one-cycle schedule of a length, stepped so often in a run of so many steps."""
    seen = CallSeen(SchedulerStep(STEP, "OneCycleLR"), 0, steps - 1, calls)
    made = record(
        {"net": ["weight"]},
        steps=steps,
        calls=[OptimizerStep(SITE, 0), seen],
        observations=[built("OneCycleLR", total_steps=length)],
        **facts,
    )
    return list(scheduler_misuse.find(made))


def test_a_schedule_in_batches_that_is_stepped_once_an_epoch():
    (finding,) = epochs(40, 5)
    assert finding.location == STEP
    assert finding.severity is Severity.WARNING
    assert "total_steps=40" in finding.message
    assert "12%" in finding.message  # 5 of 40


@pytest.mark.parametrize(("length", "calls"), [(40, 40), (5, 5), (400, 40), (40, 21), (45, 5), (40, 2)])
def test_schedules_that_are_in_their_unit_or_of_another_length(length, calls):
    assert not epochs(length, calls)


def test_a_run_that_was_cut_short_tells_nothing():
    assert not epochs(40, 5, stopped_by="max-batches")


def replaced(shared=1, last_step=11, others=()):
    """A scheduler of optimizer 0, which steps up to some step; optimizer 1 steps in all later ones."""
    calls = [
        CallSeen(OptimizerStep(SITE, 0), 0, last_step, last_step + 1),
        CallSeen(OptimizerStep(SITE, 1), 12, 39, 28),
        CallSeen(SchedulerStep(STEP, "StepLR"), 0, 39, 40),
    ]
    observations = [built("StepLR", shared_with=shared), *others]
    made = record({"net": ["weight"]}, steps=40, calls=calls, observations=observations)
    second = Optimizer(1, "Adam", SITE, 28, {"lr": 1e-3})
    return list(scheduler_misuse.find(replace(made, optimizers=(*made.optimizers, second))))


def test_a_scheduler_of_an_optimizer_that_was_replaced():
    (finding,) = replaced()
    assert finding.location == SITE  # Where the other one was built.
    assert "no scheduler" in finding.message


def test_optimizers_that_have_nothing_to_do_with_each_other():
    assert not replaced(shared=-1)


def test_an_optimizer_that_still_steps():
    assert not replaced(last_step=39)


def test_another_optimizer_with_a_scheduler_of_its_own():
    own = Observation("scheduler-built", STEP, detail={"class": "CosineAnnealingLR", "optimizer": 1, "shared_with": 0})
    assert not replaced(others=[own])


def plateau(given, losses, mode="max", lowest=1e-5):
    """A metric that is given to the scheduler in every fourth step, and the training loss of every step."""
    steps = len(losses)
    made = record(
        {"net": ["weight"]},
        metrics={"loss": losses},
        calls=[OptimizerStep(SITE, 0), SchedulerStep(STEP, "ReduceLROnPlateau")],
        observations=[built("ReduceLROnPlateau", mode=mode)],
    )
    values = np.array(given, np.float64)
    metric = Metric("plateau_metric", "gradprobe", np.arange(3, steps, 4), values, values, values)
    rates = np.geomspace(1e-2, lowest, steps)[:, None]
    changed = replace(
        made, steps=replace(made.steps, learning_rates=rates), metrics={**made.metrics, metric.name: metric}
    )
    return list(scheduler_misuse.find(changed))


FALLING = [1.0 - 0.04 * step for step in range(20)]


def test_a_plateau_that_waits_for_a_loss_to_rise():
    (finding,) = plateau([0.9, 0.75, 0.6, 0.45, 0.3], FALLING)
    assert finding.location == BUILT
    assert "mode='min'" in finding.fix


@pytest.mark.parametrize(
    "given",
    [
        [0.5, 0.6, 0.7, 0.75, 0.8],  # An accuracy rises as the loss falls.
        [90.0, 80.0, 75.0, 70.0, 60.0],  # Of another size: not that loss.
        [0.9, 0.88, 0.86, 0.85, 0.84],  # Hardly falls.
    ],
)
def test_what_may_be_a_score(given):
    assert not plateau(given, FALLING)


def test_the_right_mode_and_a_rate_that_stayed():
    assert not plateau([0.9, 0.75, 0.6, 0.45, 0.3], FALLING, mode="min")
    assert not plateau([0.9, 0.75, 0.6, 0.45, 0.3], FALLING, lowest=1e-2)
    assert not plateau([0.9, 0.75, 0.6, 0.45, 0.3], [1.0] * 20)  # Training does not improve: the rate may well fall.
