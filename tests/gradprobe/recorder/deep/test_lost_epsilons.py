"""Constants that a low precision rounds away, and what they were to protect."""

import pytest
import torch
from torch import nn

from tests.support.watched import observed, watched

HALF, BRAIN = torch.float16, torch.bfloat16


def seen(value_of, folder, dtype=HALF):
    def code():
        weight = nn.Parameter(torch.tensor([0.5, 0.0, 2.0]))
        optimizer = torch.optim.SGD([weight], lr=0.1)
        value_of(weight.to(dtype)).float().sum().backward()
        optimizer.step()

    found = observed(watched(code, folder), "epsilon-lost")
    return [(one.detail["protects"], one.detail["rounds_to"], one.detail["met"]) for one in found]


@pytest.mark.parametrize(
    ("value_of", "expected"),
    [
        (lambda x: torch.log(x + 1e-8), ("log", 0.0, True)),
        (lambda x: torch.log(x + 1 + 1e-8), ("log", 0.0, False)),  # It is lost, and was not needed.
        (lambda x: 1 / (x + 1e-8), ("__rdiv__", 0.0, True)),
        (lambda x: x / ((x > 0).to(HALF) + 1e-8).unsqueeze(0), ("div", 0.0, True)),  # No gradient flows to the divisor.
        (lambda x: x.clamp(min=1e-8).sqrt(), ("sqrt", 0.0, True)),
        (lambda x: torch.log(1 - x.clamp(max=1 - 1e-7)), ("log", 1.0, True)),
    ],
)
def test_lost_before_what_it_was_to_protect(value_of, expected, tmp_path):
    assert seen(value_of, tmp_path / "run") == [expected]


@pytest.mark.parametrize(
    ("value_of", "dtype"),
    [
        (lambda x: torch.log(x + 1e-4), HALF),  # The precision holds it.
        (lambda x: torch.log(x + 1e-8), BRAIN),
        (lambda x: torch.log(x + 1e-8), torch.float32),
        (lambda x: torch.log(x.float() + 1e-8), HALF),
        (lambda x: x * 2 + 1e-8, HALF),  # It protects nothing.
        (lambda x: (x + 1e-8) / 2, HALF),
    ],
)
def test_quiet_where_it_is_held_or_protects_nothing(value_of, dtype, tmp_path):
    assert seen(value_of, tmp_path / "run", dtype) == []


def test_a_clamp_to_almost_one_is_lost_in_bfloat16_too(tmp_path):
    assert seen(lambda x: torch.log(1 - x.clamp(max=1 - 1e-4)), tmp_path / "run", BRAIN) == [("log", 1.0, True)]
