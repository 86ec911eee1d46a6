"""What the quick reference promises of a first run, on one seed; docs/reference.md has five."""

import pytest
import torch
from scipy.stats import kendalltau

from gradprobe_reference.measure import measure, table
from gradprobe_reference.pieces import Pieces
from gradprobe_reference.settings import Settings
from gradprobe_reference.train import train


@pytest.fixture(scope="module")
def first_run():
    return measure(Settings(seed=1))


def test_the_defaults_are_100_batches(first_run):
    assert len(first_run.series["loss"]) == 100


def test_qwen_has_a_gradient_at_every_refresh_and_only_there(first_run):
    assert list(first_run.qwen_grads) == [10, 20, 30, 40, 50, 60, 70, 80, 90, 99]
    assert all(1e-6 < norm < 1e-4 for norm in first_run.qwen_grads.values())


@pytest.mark.parametrize(("metric", "sign"), [("loss", -1), ("risk", -1), ("mask_ratio", -1), ("reward", 1)])
def test_trends(first_run, metric, sign):
    series = first_run.series[metric]
    tau, p_value = kendalltau(range(len(series)), series)
    assert sign * tau > 0.3
    assert p_value < 1e-4


def test_the_mask_ratio_starts_at_one_and_everything_is_finite(first_run):
    assert first_run.series["mask_ratio"][0] > 0.95
    assert first_run.finite
    assert f"| 1 | {first_run.seconds:.0f} | 0, " in table([first_run])


def _losses(seed):
    reports = []
    train(Settings(max_batches=12, seed=seed), Pieces(), reports.append)
    return [float(report.metrics["loss"]) for report in reports], reports[-1].qwen_grad.item()


def test_a_seed_decides_the_run():
    assert _losses(0) == _losses(0)
    assert _losses(0) != _losses(1)


def test_the_last_shorter_window_reaches_qwen():
    reports = []
    trained = train(Settings(max_batches=2), Pieces(), reports.append)
    assert [report.qwen_grad is None for report in reports] == [True, False]
    assert reports[-1].qwen_grad.item() > 0
    stepped = trained.optimizer.state
    assert all(parameter in stepped for parameter in trained.qwen.parameters())


def test_it_trains_in_mixed_precision_too():
    reports = []
    train(Settings(max_batches=12, mixed_precision=True), Pieces(), reports.append)
    assert 1e-6 < reports[10].qwen_grad.item() < 1e-4
    losses = [float(report.metrics["loss"]) for report in reports]
    assert torch.tensor(losses).isfinite().all()
    assert losses[-1] < losses[0]
