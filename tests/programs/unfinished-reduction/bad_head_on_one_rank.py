# ranks: 2
"""Rank 1 never goes through a head that DistributedDataParallel waits for."""

import time

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(8, 16), nn.Linear(16, 1)
        self.extra = nn.Linear(16, 1)  # expect: unfinished-reduction

    def forward(self, x, with_extra):
        hidden = torch.relu(self.up(x))
        return self.down(hidden) + (self.extra(hidden) if with_extra else 0)


def main():
    dist.init_process_group("gloo")
    torch.manual_seed(0)
    model = DistributedDataParallel(Net())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    data = torch.Generator().manual_seed(dist.get_rank())
    for _ in range(12):
        x = torch.randn(16, 8, generator=data)
        loss = nn.functional.mse_loss(model(x, dist.get_rank() == 0), x.sum(1, keepdim=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    time.sleep(0.2)  # torch 2.13 may wait for itself where a gloo group is let go while its thread ends.
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
