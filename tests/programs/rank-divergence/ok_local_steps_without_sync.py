# ranks: 2
"""Ranks take steps of their own within no_sync(), average their weights every fifth, and evaluate what they have in common."""

import time

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(8, 16), nn.Linear(16, 1)

    def forward(self, x):
        return self.down(torch.relu(self.up(x)))


def average(model):
    for one in model.parameters():
        mean = one.data.clone()
        dist.all_reduce(mean)
        one.data = mean / dist.get_world_size()


def main():
    dist.init_process_group("gloo")
    torch.manual_seed(0)
    model = DistributedDataParallel(Net())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    data = torch.Generator().manual_seed(dist.get_rank())
    for _ in range(2):
        with model.no_sync():
            for step in range(7):
                x = torch.randn(16, 8, generator=data)
                optimizer.zero_grad()
                nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
                optimizer.step()
                if step % 5 == 4:
                    average(model)
            average(model)
        with torch.no_grad():
            x = torch.randn(16, 8, generator=data)
            print(nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)))
    time.sleep(0.2)  # torch 2.13 may wait for itself where a gloo group is let go while its thread ends.
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
