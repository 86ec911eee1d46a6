"""Data-parallel fine-tuning: the trunk does not require a gradient, so nobody waits for it."""

import os
import socket

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel


class Tuned(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(8, 16), nn.ReLU()).requires_grad_(False)
        self.label = nn.Linear(16, 3)

    def forward(self, x):
        return self.label(self.trunk(x))


def start():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=0, world_size=1)


def main():
    torch.manual_seed(0)
    start()
    model = DistributedDataParallel(Tuned())
    optimizer = torch.optim.SGD((p for p in model.parameters() if p.requires_grad), lr=0.1)
    for step in range(12):
        y = torch.randint(0, 3, (16,))
        loss = F.cross_entropy(model(torch.randn(16, 8) + 2 * F.one_hot(y, 8)), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, round(loss.item(), 3))


if __name__ == "__main__":
    main()
