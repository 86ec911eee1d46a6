"""What was logged through several sources is one row; what only looks alike is not."""

import numpy as np

from gradprobe.engine.same_metric import without_repeats
from gradprobe.record.record import Metric

RANKS = {"log": 0, "loss": 2}


def metric(name, source, values, steps=None):
    numbers = np.array(values, np.float64)
    return Metric(
        name, source, np.arange(len(numbers)) if steps is None else np.array(steps), numbers, numbers, numbers
    )


def kept(*metrics):
    return [one.name for one in without_repeats(metrics, RANKS)]


def test_one_series_under_related_names_is_kept_once_the_first_of_a_rank():
    assert kept(metric("loss", "transformers", [3, 2]), metric("train/loss", "wandb", [3, 2])) == ["loss"]
    assert kept(metric("eval/loss", "tensorboard", [3]), metric("eval_loss", "transformers", [3])) == ["eval/loss"]
    assert kept(metric("loss", "wandb", [3, 2]), metric("loss of mlflow", "mlflow", [3, 2])) == ["loss"]


def test_a_loss_at_backward_goes_before_nothing_and_a_log_before_all():
    assert kept(metric("loss", "loss", [3, 2]), metric("train/loss", "wandb", [3, 2])) == ["train/loss"]
    assert kept(metric("train/loss", "wandb", [3, 2]), metric("loss", "log", [3, 2])) == ["loss"]


def test_the_one_with_more_values_is_kept_where_it_tells_all_of_the_other():
    few = metric("train/loss", "wandb", [2, 0], steps=[1, 3])
    assert kept(few, metric("loss", "transformers", [3, 2, 1, 0])) == ["loss"]
    assert kept(few, metric("loss", "transformers", [3, 2, 1, 5])) == ["train/loss", "loss"]
    assert kept(few, metric("loss", "transformers", [3, 2], steps=[0, 1])) == ["train/loss", "loss"]


def test_rounding_and_values_that_are_not_finite_do_not_matter():
    exact, rounded = [1 / 3, np.nan], [float(np.float32(1 / 3)), np.nan]
    assert kept(metric("loss", "a", exact), metric("loss of b", "b", rounded)) == ["loss"]


def test_other_names_and_one_source_are_other_metrics():
    assert kept(metric("loss", "a", [1, 1]), metric("accuracy", "b", [1, 1])) == ["loss", "accuracy"]
    assert kept(metric("train/loss", "a", [1, 1]), metric("eval/loss", "b", [1, 1])) == ["train/loss", "eval/loss"]
    assert kept(metric("loss", "a", [1, 1]), metric("gate.loss", "a", [1, 1])) == ["loss", "gate.loss"]
    assert kept(metric("", "a", [1]), metric("%", "b", [1])) == ["", "%"]
