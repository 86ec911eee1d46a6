"""Layers that are off, and why, as deep steps see it."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.support.watched import observed, watched


def _seen(tmp_path, relu, *, bias=0.0, shift=0.0, weight=None):
    def train():
        torch.manual_seed(0)
        first, last = nn.Linear(6, 16), nn.Linear(16, 2)
        with torch.no_grad():
            first.bias.fill_(bias)
            if weight is not None:
                first.weight.fill_(weight)
        optimizer = torch.optim.SGD([*first.parameters(), *last.parameters()], lr=0.01)
        for _ in range(4):
            x = torch.randn(8, 6) + shift
            loss = F.cross_entropy(last(relu(first(x))), torch.zeros(8, dtype=torch.long))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return observed(watched(train, tmp_path / "run"), "units-off")


RELUS = [torch.relu, F.relu, nn.ReLU(inplace=True), lambda x: x.clamp(min=0), F.relu6]


@pytest.mark.parametrize("relu", RELUS)
def test_a_bias_that_turns_all_units_off(tmp_path, relu):
    (seen,) = _seen(tmp_path, relu, bias=-30.0)

    assert (seen.detail["cause"], seen.detail["off_since"], seen.detail["on"]) == ("bias", 0, 0)
    assert seen.detail["hidden"] is True
    assert next(end.site.code for end in seen.related if end.role == "set here") == "first.bias.fill_(bias)"


def test_data_far_from_zero(tmp_path):
    (seen,) = _seen(tmp_path, torch.relu, shift=-20.0, weight=0.1)

    assert seen.detail["cause"] == "input"
    assert next(end.site.code for end in seen.related if end.role == "set here") == "x = torch.randn(8, 6) + shift"


@pytest.mark.parametrize("relu", [torch.relu, F.leaky_relu, F.gelu, lambda x: x.clamp(min=-1)])
def test_layers_that_are_on_are_not_told_of(tmp_path, relu):
    assert _seen(tmp_path, relu) == []


def test_a_hinge_in_the_loss_is_not_hidden(tmp_path):
    def train():
        model = nn.Linear(6, 16)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for _ in range(3):
            loss = torch.relu(model(torch.randn(8, 6)) - 100).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    (seen,) = observed(watched(train, tmp_path / "run"), "units-off")

    assert seen.detail["hidden"] is False
