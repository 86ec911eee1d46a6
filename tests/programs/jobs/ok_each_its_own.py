# ranks: 2
"""Ranks that search: each trains a model of its own."""

import time

import torch
import torch.distributed as dist
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(8, 16), nn.Linear(16, 1)

    def forward(self, x):
        return self.down(torch.relu(self.up(x)))


def main():
    dist.init_process_group("gloo")
    torch.manual_seed(0)
    torch.manual_seed(dist.get_rank())
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01 * (1 + dist.get_rank()))
    data = torch.Generator().manual_seed(dist.get_rank())
    for _ in range(12):
        x = torch.randn(16, 8, generator=data)
        loss = nn.functional.mse_loss(model(x), x.sum(1, keepdim=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    time.sleep(0.2)  # torch 2.13 may wait for itself where a gloo group is let go while its thread ends.
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
