"""Modules in evaluation mode that are trained: steps that each put a module back at their beginning."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.support.watched import observed, watched


def training(*, mixed: bool, evaluates: bool):
    """Return a loop that begins each step with `train()`, as frameworks do, and computes its loss after an `eval()`."""

    def run() -> None:
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
        for _ in range(6):
            net.train()
            x = torch.randn(3, 4)
            loss = net(x).mean() if mixed else torch.zeros(())
            net.eval()
            if evaluates:
                with torch.no_grad():
                    net(x)
            loss = loss + net(x).mean()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()

    return run


def test_evaluations_that_each_reach_into_the_loss_are_added_up(tmp_path):
    [seen] = observed(watched(training(mixed=False, evaluates=True), tmp_path), "eval-left-on")

    assert seen.detail["again"]
    # Three steps at least are deep, of six; where the machine is busy no more.
    assert 3 <= seen.detail["backwards"] <= 6
    assert seen.site.code == "net.eval()"


@pytest.mark.parametrize("case", [{"mixed": True, "evaluates": True}, {"mixed": False, "evaluates": False}])
def test_steps_that_use_both_modes_or_evaluate_nothing_are_not(case, tmp_path):
    seen = observed(watched(training(**case), tmp_path), "eval-left-on")

    assert all(one.detail["backwards"] < 3 for one in seen)
