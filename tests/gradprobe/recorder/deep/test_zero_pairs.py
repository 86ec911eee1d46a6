"""Which products of zeros deep steps see, and which factor they would initialise."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.support.watched import observed, watched


def _pairs(tmp_path, parameters, loss_of):
    def train():
        optimizer = torch.optim.SGD(parameters, lr=0.1)
        for _ in range(2):
            optimizer.zero_grad()
            loss_of().backward()
            optimizer.step()

    seen = observed(watched(train, tmp_path / "run"), "zero-pair")
    return [tuple(str(one.detail[which])[-1] for which in ("first", "second")) for one in seen]  # `SGD.params.0`


class Product(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.a, self.b, self.bias = nn.Parameter(a), nn.Parameter(b), nn.Parameter(torch.ones(1))


@pytest.mark.parametrize(
    "multiply",
    [
        lambda m, x: (x @ m.a) @ m.b,
        lambda m, x: torch.tanh(x @ m.a * 2).relu() @ m.b,
        lambda m, x: nn.functional.linear(nn.functional.linear(x, m.a.t()), m.b.t()),
        lambda m, x: torch.einsum("bi,ij,jk->bk", x, m.a, m.b),
        lambda m, x: x @ (m.a @ m.b),
    ],
)
def test_both_factors_of_a_product(tmp_path, multiply):
    model, x = Product(torch.zeros(3, 2), torch.zeros(2, 3)), torch.randn(4, 3)
    found = _pairs(tmp_path, model.parameters(), lambda: (multiply(model, x) + model.bias).pow(2).mean())

    assert found == [("0", "1")]


@pytest.mark.parametrize("multiply", [lambda m, x: (x @ m.a) @ m.b, lambda m, x: (x @ m.a + 1) @ m.b])
def test_one_random_factor_is_no_pair(tmp_path, multiply):
    model, x = Product(torch.randn(3, 2), torch.zeros(2, 3)), torch.randn(4, 3)

    assert _pairs(tmp_path, model.parameters(), lambda: (multiply(model, x) + model.bias).pow(2).mean()) == []


def test_a_number_that_is_added_keeps_a_zero_factor_alive(tmp_path):
    model, x = Product(torch.zeros(3, 2), torch.zeros(2, 3)), torch.randn(4, 3)

    assert _pairs(tmp_path, model.parameters(), lambda: ((x @ _one_more(model) + model.bias) ** 2).mean()) == []


def _one_more(model):
    return (1 + model.a) @ model.b


def test_the_layer_is_named_before_its_gate(tmp_path):
    model, x = Product(torch.zeros(1), torch.zeros(3, 3)), torch.randn(4, 3)
    found = _pairs(tmp_path, model.parameters(), lambda: (model.a * (x @ model.b) + model.bias).pow(2).mean())

    assert found == [("1", "0")]
