"""Data-parallel regression with two experts, of which each batch goes to one."""

import os
import socket

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def expert():
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))  # accept: unfinished-reduction


class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(6, 2)
        self.experts = nn.ModuleList(expert() for _ in range(2))  # accept: unfinished-reduction

    def forward(self, x):
        weights = self.gate(x).softmax(dim=-1)
        chosen = int(weights.mean(0).argmax())
        return weights[:, chosen, None] * self.experts[chosen](x)  # expect: unfinished-reduction


def start():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    dist.init_process_group("gloo", rank=0, world_size=1)


def main():
    torch.manual_seed(0)
    start()
    model = DistributedDataParallel(Experts())  # accept: unfinished-reduction
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for step in range(12):
        x = torch.randn(16, 6)
        loss = F.mse_loss(model(x), x[:, :1] * x[:, 1:2])  # accept: unfinished-reduction
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, round(loss.item(), 3))


if __name__ == "__main__":
    main()
