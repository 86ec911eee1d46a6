"""`module.to(...)` writes to parameters where it moves them, and nowhere else."""

import pytest
import torch
from torch import nn

from tests.support.watched import watched


@pytest.mark.parametrize(
    ("move", "written"),
    [
        (lambda net: net.cpu(), 0),
        (lambda net: net.to("cpu", torch.float32), 0),
        (lambda net: net.float(), 0),
        (lambda net: net.double().float(), 2),  # There and back.
    ],
)
def test_moves(move, written, tmp_path):
    def code():
        net = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for step in range(3):
            optimizer.zero_grad()
            net(torch.ones(1, 2)).sum().backward()
            optimizer.step()
            if step == 1:
                move(net)

    record = watched(code, tmp_path / "run")
    assert [account.written for account in record.accounts.values()] == [written, written]
