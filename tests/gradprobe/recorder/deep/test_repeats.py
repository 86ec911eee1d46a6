"""Which line runs on its own result."""

from __future__ import annotations

import torch
from torch import nn

from tests.support.watched import observed, watched


def _line(tmp_path, loss_of, parameters):
    def train():
        optimizer = torch.optim.SGD(parameters, lr=0.01)
        for _ in range(2):
            optimizer.zero_grad()
            loss_of().backward()
            optimizer.step()

    (seen,) = observed(watched(train, tmp_path / "run"), "depths")
    return next((end.site.code for end in seen.related if end.role == "repeated here"), None)


def test_a_recurrence_on_one_line(tmp_path):
    weight, x = nn.Parameter(torch.randn(4, 4) * 0.1), torch.randn(2, 4)

    def loss():
        h = x
        for _ in range(12):
            h = torch.tanh(h @ weight)
        return h.pow(2).mean()

    assert _line(tmp_path, loss, [weight]) == "h = torch.tanh(h @ weight)"


def test_a_recurrence_through_a_function_is_named_where_it_is_called(tmp_path):
    weight, x = nn.Parameter(torch.randn(4, 4) * 0.1), torch.randn(2, 4)

    def cell(h):
        new = h @ weight
        return torch.tanh(new)

    def loss():
        h = x
        for _ in range(12):
            h = cell(h)
        return h.pow(2).mean()

    assert _line(tmp_path, loss, [weight]) == "h = cell(h)"


def test_a_long_line_is_no_recurrence(tmp_path):
    weight, x = nn.Parameter(torch.randn(4, 4) * 0.1), torch.randn(2, 4)

    assert _line(tmp_path, lambda: torch.sigmoid(torch.relu(torch.tanh(x @ weight) + 1) * 2).mean(), [weight]) is None
