"""The books of gradients: whose gradients a clipping limits, and what becomes of them."""

import pytest
import torch
from torch import nn

from tests.support.watched import observed, watched


def clip_book(choose, folder, steps=6):
    """Return the counts of the clipping of a generator's turn; `choose(gen, dis)` gives it its parameters."""

    def code():
        torch.manual_seed(0)
        gen, dis = nn.Linear(2, 3), nn.Linear(3, 1)
        both = [torch.optim.SGD(net.parameters(), lr=0.01) for net in (gen, dis)]
        for _ in range(steps):
            both[1].zero_grad()
            dis(gen(torch.randn(4, 2)).detach()).mean().backward()
            both[1].step()
            both[0].zero_grad()
            dis(gen(torch.randn(4, 2))).mean().backward()
            nn.utils.clip_grad_norm_(choose(gen, dis), 0.1)
            both[0].step()

    (found,) = observed(watched(code, folder), "clip-book")
    return found.detail["useful"], found.detail["lost"]


@pytest.mark.parametrize(
    ("choose", "useful", "lost"),
    [
        (lambda gen, dis: gen.parameters(), 5, 0),  # Of six; the generator's first step opens its books.
        (lambda gen, dis: dis.parameters(), 0, 4),  # Likewise, and the last are never cleared.
        (lambda gen, dis: list(dis.parameters()), 0, 4),
        (lambda gen, dis: [*gen.parameters(), *dis.parameters()], 5, 0),
        (lambda gen, dis: (one for one in dis.parameters()), 0, 0),  # Not to be told.
    ],
)
def test_whose_gradients_are_clipped(choose, useful, lost, tmp_path):
    assert clip_book(choose, tmp_path / "run") == (useful, lost)
