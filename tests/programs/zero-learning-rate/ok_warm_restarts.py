"""Cyclic annealing to zero with warm restarts; a snapshot of the network is taken at the bottom of every cycle."""

import copy
import math

import torch
import torch.nn.functional as F
from torch import nn


def main(cycle=12, cycles=4):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9)
    shape = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: 0.5 * (1 + math.cos(math.pi * (s % cycle) / (cycle - 1)))
    )
    x = torch.randn(256, 6)
    y = (x[:, 0] * x[:, 1] > 0).long()
    snapshots = []
    for step in range(cycle * cycles):
        rows = torch.randint(0, 256, (32,))
        loss = F.cross_entropy(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        shape.step()
        if (step + 1) % cycle == 0:
            snapshots.append(copy.deepcopy(net))
            print(f"snapshot {len(snapshots)} loss {loss.item():.3f}")
    with torch.no_grad():
        vote = torch.stack([s(x).softmax(1) for s in snapshots]).mean(0)
    print("ensemble accuracy", round((vote.argmax(1) == y).float().mean().item(), 3))


if __name__ == "__main__":
    main()
