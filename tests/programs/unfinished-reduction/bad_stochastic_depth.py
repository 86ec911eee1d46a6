"""Data-parallel training with layers that are left out at random (stochastic depth)."""

import os
import socket

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel


class Depth(nn.Module):
    def __init__(self, layers=3):
        super().__init__()
        self.first = nn.Linear(8, 16)
        self.layers = nn.ModuleList(nn.Linear(16, 16) for _ in range(layers))
        self.label = nn.Linear(16, 3)

    def forward(self, x, depth):
        h = self.first(x).relu()
        for layer in self.layers[:depth]:
            h = h + layer(h).relu()  # expect: unfinished-reduction
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
    model = DistributedDataParallel(Depth())  # accept: unfinished-reduction
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    w = torch.randn(8, 3)
    for step in range(10):
        x = torch.randn(16, 8)
        loss = F.cross_entropy(model(x, 3 if step < 4 else 2), (x @ w).argmax(1))  # accept: unfinished-reduction
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, round(loss.item(), 3))


if __name__ == "__main__":
    main()
