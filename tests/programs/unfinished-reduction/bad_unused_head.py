"""Data-parallel training of a classifier that was given a second head, which no loss uses yet."""

import os
import socket

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(8, 16), nn.ReLU())
        self.label = nn.Linear(16, 3)
        self.domain = nn.Linear(16, 2)  # expect: unfinished-reduction

    def forward(self, x):
        h = self.trunk(x)
        return self.label(h)


def start():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=0, world_size=1)


def main():
    torch.manual_seed(0)
    start()
    model = DistributedDataParallel(TwoHeads())  # accept: unfinished-reduction
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    w = torch.randn(8, 3)
    for step in range(10):
        x = torch.randn(16, 8)
        loss = F.cross_entropy(model(x), (x @ w).argmax(1))  # accept: unfinished-reduction
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, round(loss.item(), 3))


if __name__ == "__main__":
    main()
