"""What stands between a loss and its weights."""

from __future__ import annotations

import torch
from torch import nn

from tests.support.watched import observed, watched


def _depths(tmp_path, model, *, scale=1.0):
    def train():
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(2):
            loss = (model(torch.randn(8, 4)).pow(2).mean() * scale).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    (seen,) = observed(watched(train, tmp_path / "run"), "depths")
    return seen


def test_layers_and_activations_are_counted(tmp_path):
    model = nn.Sequential(nn.Linear(4, 4), nn.Sigmoid(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1))
    seen = _depths(tmp_path, model, scale=0.5)

    assert len(seen.parameters) == 3
    assert seen.detail["depths"] == "5 3 2"  # The number that multiplies counts.
    assert (seen.detail["squashes"], seen.detail["squash"]) == (1, "sigmoid")
    assert seen.detail["constant"] == 0.5


def test_a_skip_connection_makes_the_way_short(tmp_path):
    class Skips(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(4, 4)
            self.blocks = nn.ModuleList(nn.Linear(4, 4) for _ in range(5))

        def forward(self, x):
            x = self.first(x)
            for block in self.blocks:
                x = x + torch.tanh(block(x))
            return x

    assert max(int(depth) for depth in str(_depths(tmp_path, Skips()).detail["depths"]).split()) <= 3


def test_small_values_that_the_script_chose(tmp_path):
    class Small(nn.Module):
        def __init__(self):
            super().__init__()
            self.own = nn.Parameter(torch.randn(4, 4) * 0.01)
            self.layer = nn.Linear(4, 1)

        def forward(self, x):
            return self.layer(x @ self.own)

    def build_and_train():
        model = Small()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(2):
            loss = model(torch.randn(8, 4)).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    (seen,) = observed(watched(build_and_train, tmp_path / "run"), "depths")

    assert 0 < float(seen.detail["gain"] or 0) < 0.1
    assert next(end.site.code for end in seen.related if end.role == "set here").startswith("self.own = nn.Parameter")
