"""Transformations of `torch.func`, and traces: what looks at values leaves theirs alone, and the recording goes on."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

from tests.support.watched import watched


class Square(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(values):
        return values * values

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, gradient):
        (values,) = ctx.saved_tensors
        return 2 * gradient * values


def test_a_recording_goes_on_where_operations_are_transformed(tmp_path, capfd):
    def train():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 12), nn.ReLU(), nn.LayerNorm(12))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        first = model[0]

        def squares(parameters, values):
            return Square.apply(torch.func.functional_call(first, parameters, (values,))).relu().sum()

        for _ in range(4):
            values = torch.randn(6, 5, 4)
            parameters = {name: one.detach() for name, one in first.named_parameters()}
            torch.func.vmap(torch.func.grad(squares), (None, 0))(parameters, values)
            torch.func.jacrev(lambda one: nn.functional.softmax(first(one).relu(), -1).log())(values[0])
            loss = torch.func.vmap(model)(values).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses.append(loss.item())

    losses: list[float] = []
    record = watched(train, tmp_path / "run")
    assert record.facts.steps == 4
    assert "recording ended" not in capfd.readouterr().err
    train()
    assert losses[0] == losses[1]


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_trace_holds_nothing_of_the_recorder_s_and_warns_of_nothing(tmp_path):
    def traced():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 4))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", torch.jit.TracerWarning)
            graph = torch.jit.trace(model, torch.randn(8, 4)).inlined_graph
        return [node.kind() for node in graph.nodes()], [str(one.message) for one in caught]

    seen = []
    watched(lambda: seen.append(traced()), tmp_path / "run")
    assert seen == [traced()]
