"""Gradients that are cleared before a step: lost, unless the script has made use of them by itself."""

import pytest
import torch
from torch import nn

from tests.support.watched import observed, watched


def counts(read, folder):
    """Return, of the first loss's gradients, how many were taken and how many discarded, while the second's are used."""

    def code():
        torch.manual_seed(0)
        layer = nn.Linear(4, 1)
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
        kept = []
        for _ in range(4):
            first, second = layer(torch.randn(8, 4)).square().mean(), layer(torch.randn(8, 4)).mean()
            optimizer.zero_grad()
            first.backward()
            found = read(layer, kept)
            optimizer.zero_grad()
            second.backward()
            if found is not None:
                layer.weight.grad += found
            optimizer.step()

    first, _ = sorted(observed(watched(code, folder), "gradients-of"), key=lambda one: one.site.line)
    return first.detail["taken"], first.detail["discarded"]


@pytest.mark.parametrize(
    "read",
    [
        lambda layer, kept: layer.weight.grad.clone(),
        lambda layer, kept: layer.weight.grad,
        lambda layer, kept: layer.weight.grad.flatten().view(1, 4),
        lambda layer, kept: kept.append(layer.weight.grad.numpy().copy()),
    ],
)
def test_what_the_script_uses_is_taken(read, tmp_path):
    taken, discarded = counts(read, tmp_path / "run")
    assert taken
    assert taken + discarded == 3  # Of four steps the first opens the books.


@pytest.mark.parametrize(
    "read",
    [
        lambda layer, kept: None,
        lambda layer, kept: kept.append(layer.weight.grad.norm()),
        lambda layer, kept: kept.append(layer.weight.grad.abs().max().item()),
        lambda layer, kept: layer.weight.grad.mul_(0.5) is None or None,
        lambda layer, kept: kept.append(nn.utils.clip_grad_norm_(layer.parameters(), 1.0)),
    ],
)
def test_what_it_only_measures_or_clips_is_lost(read, tmp_path):
    assert counts(read, tmp_path / "run") == (0, 3)
