"""Losses that are backpropagated one after another for one step: whether they are plain means of micro-batches."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.support.watched import observed, watched


def seen(work, folder):
    """Return, for code that calls `work(layer, x)` for each of four micro-batches a step, how often and whether plain."""

    def code():
        torch.manual_seed(0)
        layer = nn.Linear(4, 4)
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
        for _ in range(3):
            optimizer.zero_grad()
            for part in torch.randn(8, 4).chunk(4):
                work(layer, part)
            optimizer.step()

    found = observed(watched(code, folder), "accumulated-means")
    return {(one.detail["times"], one.detail["plain"]) for one in found}


def target(x):
    return torch.zeros(len(x), dtype=torch.long)


@pytest.mark.parametrize(
    "work",
    [
        lambda layer, x: F.cross_entropy(layer(x), target(x)).backward(),
        lambda layer, x: nn.CrossEntropyLoss()(layer(x), target(x)).backward(),
        lambda layer, x: (layer(x) - x).square().mean().backward(),
        lambda layer, x: (F.mse_loss(layer(x), x) + 0.01 * layer.weight.square().sum()).backward(),
    ],
)
def test_plain_means(work, tmp_path):
    assert seen(work, tmp_path / "run") == {(4, True)}


@pytest.mark.parametrize(
    "work",
    [
        lambda layer, x: (F.mse_loss(layer(x), x) / 4).backward(),
        lambda layer, x: (0.25 * F.mse_loss(layer(x), x)).backward(),
        lambda layer, x: F.mse_loss(layer(x), x, reduction="sum").backward(),
        lambda layer, x: nn.CrossEntropyLoss(reduction="sum")(layer(x), target(x)).backward(),
        lambda layer, x: layer(x).square().sum().backward(),
        lambda layer, x: F.mse_loss(layer(x), x).backward(torch.tensor(0.25)),
        lambda layer, x: F.mse_loss(layer(x), x).div_(4).backward(),
    ],
)
def test_divided_or_summed(work, tmp_path):
    assert seen(work, tmp_path / "run") <= {(4, False)}


def test_losses_of_one_forward_share_a_graph(tmp_path):
    def work(layer, x):
        out = layer(x)
        for one in out.unbind(1):
            one.mean().backward(retain_graph=True)

    assert seen(work, tmp_path / "run") == {(16, False)}


def test_a_helper_called_from_two_lines(tmp_path):
    def once(layer, x):
        F.mse_loss(layer(x), x).backward()

    def work(layer, x):
        once(layer, x)
        once(layer, -x)  # A discriminator's real and fake batch.

    assert seen(work, tmp_path / "run") == {(8, False)}


def test_the_same_samples_again(tmp_path):
    goal = torch.zeros(2, 4)

    def work(layer, x):
        F.mse_loss(layer(x), goal).backward()  # Views, scales, tasks of one batch.

    assert seen(work, tmp_path / "run") == {(4, False)}
