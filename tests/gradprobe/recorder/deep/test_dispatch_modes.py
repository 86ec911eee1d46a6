"""What the recorder computes is not shown to the script's dispatch modes: it would be counted, cached, or handed out again."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts
from torch.utils.flop_counter import FlopCounterMode

from tests.support.watched import watched


class Linear(torch.autograd.Function):
    """Has the backward that it should have: it is run again on copies to find that out."""

    @staticmethod
    def forward(ctx, values, weight):
        ctx.save_for_backward(values, weight)
        return values @ weight.t()

    @staticmethod
    def backward(ctx, gradient):
        values, weight = ctx.saved_tensors
        return gradient @ weight, gradient.t() @ values


def save_everything(context, operation, *args, **kwargs):
    return CheckpointPolicy.MUST_SAVE


def selective(steps):
    """Train with a block whose every result is cached in forward, and handed out in the order of forward in backward."""
    torch.manual_seed(0)
    first, second = nn.Linear(4, 16), nn.Linear(1, 1)
    optimizer = torch.optim.SGD([*first.parameters(), *second.parameters()], lr=0.05)
    contexts = functools.partial(create_selective_checkpoint_contexts, save_everything)

    def block(values):
        return second(torch.relu(first(values)).amax(dim=1, keepdim=True))

    losses = []
    for _ in range(steps):
        values = torch.randn(8, 4)
        loss = checkpoint(block, values, use_reentrant=False, context_fn=contexts).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def counted(steps):
    """Return the floating-point operations of each step."""
    weight = nn.Parameter(torch.randn(4, 4))
    optimizer = torch.optim.SGD([weight], lr=0.05)
    counts = []
    for _ in range(steps):
        with FlopCounterMode(display=False) as counter:
            optimizer.zero_grad()
            Linear.apply(torch.randn(8, 4), weight).pow(2).mean().backward()
            optimizer.step()
        counts.append(counter.get_total_flops())
    return counts


@pytest.mark.parametrize("train", [selective, counted])
def test_the_script_s_dispatch_modes_do_not_see_the_recorder(tmp_path, train):
    seen = []
    record = watched(lambda: seen.append(train(4)), tmp_path / "run")
    assert record.facts.steps == 4
    assert seen == [train(4)]
