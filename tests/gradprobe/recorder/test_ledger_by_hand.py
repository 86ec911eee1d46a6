"""The books of parameters that are updated by hand: gradients that nobody clears."""

import pytest
import torch

from tests.support.watched import observed, watched


def stale(clear, folder, losses=1):
    """Return in how many updates gradients of an earlier one were used again; `clear(weight)` is called before the backward."""

    def code():
        torch.manual_seed(0)
        weight = torch.randn(4, requires_grad=True)
        for _ in range(8):
            clear(weight)
            for _ in range(losses):
                (torch.randn(6, 4) @ weight).square().mean().backward()
            with torch.no_grad():
                weight.sub_(0.01 * weight.grad)

    books = observed(watched(code, folder), "gradient-book")
    return sum(one.detail["stale"] for one in books)


def cleared(weight):
    weight.grad = None


def zeroed(weight):
    if weight.grad is not None:
        weight.grad.zero_()


def zeroed_copy(weight):
    if weight.grad is not None:
        weight.grad.clone().zero_()


def momentum(weight):
    if weight.grad is not None:
        weight.grad.mul_(0.9)


def test_gradients_that_nobody_clears(tmp_path):
    assert (
        stale(zeroed_copy, tmp_path / "run") == 5
    )  # Of eight: the books open with the first, and the last is not looked at.


@pytest.mark.parametrize("clear", [cleared, zeroed, momentum])
def test_gradients_that_are_cleared_or_kept_on_purpose(clear, tmp_path):
    assert stale(clear, tmp_path / "run") == 0


def test_several_losses_for_one_update(tmp_path):
    assert stale(cleared, tmp_path / "run", losses=3) == 0
