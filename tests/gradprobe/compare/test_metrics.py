"""Where losses and metrics end."""

import numpy as np
import pytest

from gradprobe.compare import compare
from tests.gradprobe.compare.changes import changes
from tests.support.sources import STEPS, source

WORSE = ("loss", "regression", "warning", "loss")
BETTER = ("loss", "improvement", "info", "loss")


def falling(start, end, seed=0, noise=0.02, steps=STEPS):
    random = np.random.default_rng(seed)
    return (end + (start - end) * np.exp(-np.arange(steps) / (steps / 8)) + random.normal(0, noise, steps)).tolist()


def run(values, name="loss", **more):
    return source(metrics={name: values}, **more)


def test_loss_that_ends_where_it_began():
    base, stuck = run(falling(2.0, 0.5)), run(falling(2.0, 2.0, 1))
    assert changes(base, stuck) == [WORSE]
    assert changes(stuck, base) == [BETTER]


def test_half_way_down_may_be_the_seed_of_one_baseline_and_not_of_several():
    """From 1.5 (its first eighth) to 0.5: 0.6 is between a half and three quarters of that."""
    half = run(falling(2.0, 1.1, 9))
    assert changes(run(falling(2.0, 0.5)), half) == []
    assert changes(*(run(falling(2.0, 0.5, seed)) for seed in range(4)), half) == [WORSE]


def test_small_losses_that_differ_by_a_factor_have_both_fallen():
    assert changes(run(falling(2.0, 0.001, 0, 0.0)), run(falling(2.0, 0.1, 1, 0.0))) == []


def test_noise_is_no_regression():
    random = np.random.default_rng(3)
    assert changes(run(random.normal(0, 1, STEPS).tolist()), run(random.normal(0.3, 1, STEPS).tolist())) == []


def test_loss_that_rises_in_the_baseline_is_no_measure():
    up, higher = (np.linspace(0, height, STEPS).tolist() for height in (1.0, 5.0))
    assert changes(run(up), run(higher)) == [("loss", "change", "info", "loss")]


def test_loss_that_is_no_number_any_more():
    broken = [1.0] * 20 + [float("nan")] * 20
    assert ("loss", "regression", "error", "loss") in changes(run(falling(2.0, 0.5)), run(broken))
    assert changes(run(broken), run(broken)) == []


def test_one_bad_value_does_not_decide():
    values = falling(2.0, 0.5)
    assert changes(run(falling(2.0, 0.5, 1)), run([*values[:-1], float("inf")], flags=())) == []


def test_metric_is_told_and_is_no_regression():
    base, new = (source(logged={"reward": falling(0.0, end, noise=0.0)}) for end in (1.0, -1.0))
    assert changes(base, new) == [("metric", "change", "info", "reward")]


def test_line_of_a_loss_may_move():
    name = "loss (train.py:{})"
    (change,) = changes(run(falling(2.0, 0.5), name.format(84)), run(falling(2.0, 2.0, 1), name.format(90)))
    assert change == (*WORSE[:3], "loss (train.py:90)")


def test_only_what_both_have_and_only_the_steps_that_both_have():
    """Up to step 20 the baseline has only just begun to fall."""
    late = [2.0] * 30 + [0.1] * 10
    found = compare([run(late)], run([2.0] * 20, steps=20))
    assert (found.changes, found.steps) == ((), 20)
    assert compare([run(late)], source(metrics={"other": late})).metrics == ()


def test_row_has_the_numbers():
    """Medians: of the first 5 of 40 values, and of the last 10."""
    (row,) = compare([run([*range(40)])], run([*range(1, 41)])).metrics
    assert (row.base_first, row.base_last, row.new_first, row.new_last) == (2.0, 34.5, 3.0, 35.5)
    assert row.threshold == pytest.approx(0.75 * 32.5)


def test_losses_of_any_size():
    huge = [1e150 if step % 2 else -1e150 for step in range(STEPS)]
    found = compare([run(huge), run([*reversed(huge)]), run([float("inf")] * STEPS)], run(huge))
    assert found.metrics[0].new_first in (1e100, -1e100, 0.0)
