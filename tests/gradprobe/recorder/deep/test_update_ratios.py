"""By how much a step moves a root module, and which steps were deep."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import gradprobe
from gradprobe.recorder.deep.ownership.update_ratios import MOST_POINTS, MOST_ROOTS, UpdateRatios
from gradprobe.recorder.deep.window import MOST_RANGES, Window
from tests.support.watched import watched


def test_the_ratio_is_that_of_the_whole_update(tmp_path):
    """Plain SGD: the update is the learning rate times the gradient. Small layers are sampled whole."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    expected = []

    def train():
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(3):
            loss = net(torch.randn(8, 3)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            weights = sum(float(one.detach().square().sum()) for one in net.parameters())
            gradients = sum(float(one.grad.square().sum()) for one in net.parameters())
            expected.append(0.1 * (gradients / weights) ** 0.5)
            optimizer.step()

    record = watched(train, tmp_path / "run")
    steps, ratios = record.update_ratios["net"]
    assert steps.tolist() == [0, 1, 2]
    np.testing.assert_allclose(ratios, expected, rtol=1e-4)


def test_a_sampled_parameter_counts_with_all_its_elements(tmp_path):
    """One layer is far larger than its sample: the estimate is that of the whole, not of the samples thrown together."""
    torch.manual_seed(0)
    large, small = nn.Linear(512, 512), nn.Linear(512, 1)
    net = nn.Sequential(large, small)
    expected = []

    def train():
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(2):
            loss = net(torch.randn(8, 512)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            before = [one.detach().clone() for one in net.parameters()]
            optimizer.step()
            changed = sum(
                float((one - old).detach().square().sum()) for one, old in zip(net.parameters(), before, strict=True)
            )
            expected.append((changed / sum(float(old.square().sum()) for old in before)) ** 0.5)

    _, ratios = watched(train, tmp_path / "run").update_ratios["net"]
    np.testing.assert_allclose(ratios, expected, rtol=0.5)


def test_points_and_roots_are_bounded():
    ratios = UpdateRatios(lambda number: f"root{number}")
    for step in range(10_000):
        ratios.add(0, step, 1.0, 4.0)
    points = ratios.value()["root0"]
    assert len(points) <= MOST_POINTS
    assert (points[0], points[-1]) == ((0, 0.5), (9999, 0.5))
    for number in range(100):
        ratios.add(number, 10_000, 1.0, 1.0)
    assert len(ratios.value()) == MOST_ROOTS


def test_parameters_of_one_root_are_taken_together_and_zeros_have_no_ratio():
    ratios = UpdateRatios(lambda number: "net" if number < 2 else None if number == 2 else "zero")
    ratios.add(0, 5, 3.0, 10.0)
    ratios.add(1, 5, 1.0, 6.0)
    ratios.add(2, 5, 1.0, 1.0)
    ratios.add(3, 5, 1.0, 0.0)
    assert ratios.value() == {"net": [(5, 0.5)], "zero": []}
    ratios.add(0, 6, float("nan"), 1.0)
    assert ratios.value()["net"][-1] == (6, float("inf"))


def test_deep_steps_are_known_by_their_numbers(tmp_path):
    (tmp_path / "train.py").write_text("")
    net = nn.Linear(2, 1)

    def train():
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(4):
            net(torch.ones(1, 2)).sum().backward()
            optimizer.step()

    record = watched(train, tmp_path / "run")
    assert record.deep[0][0] == 0
    assert sum(last - first + 1 for first, last in record.deep) == record.facts.deep_steps >= 3
    assert gradprobe.open(tmp_path / "run").record.deep == record.deep


@pytest.mark.parametrize("chosen", [{0, 1, 2, 5, 7, 8}])
def test_ranges_join_steps_in_a_row(chosen):
    window = Window(0.02, chosen)
    for steps in range(1, 12):
        window.step_ended(steps, 0.0, 0, 0.0)
    assert window.ranges == [[0, 2], [5, 5], [7, 8]]
    assert window.deep_steps == len(chosen)


def test_of_very_many_ranges_the_first_and_the_newest_are_kept():
    window = Window(0.02, range(0, 10_000, 2))
    for steps in range(1, 10_000):
        window.step_ended(steps, 0.0, 0, 0.0)
    assert len(window.ranges) == MOST_RANGES
    assert (window.ranges[0], window.ranges[-1]) == ([0, 0], [9998, 9998])
    assert window.ranges[MOST_RANGES // 2 - 1] == [998, 998]
