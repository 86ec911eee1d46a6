# ranks: 2
"""The loader shuffles alike on every rank, for they are seeded alike."""

import time

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(8, 16), nn.Linear(16, 1)

    def forward(self, x):
        return self.down(torch.relu(self.up(x)))


def main():
    dist.init_process_group("gloo")
    torch.manual_seed(0)
    model = DistributedDataParallel(Net())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    data_set = TensorDataset(torch.randn(192, 8))
    loader = DataLoader(data_set, batch_size=16, shuffle=True)  # expect: identical-batches
    for (x,) in loader:
        loss = nn.functional.mse_loss(model(x), x.sum(1, keepdim=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    time.sleep(0.2)  # torch 2.13 may wait for itself where a gloo group is let go while its thread ends.
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
