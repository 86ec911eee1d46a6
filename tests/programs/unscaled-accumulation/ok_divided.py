"""Accumulation with the loss divided by the window, SGD with momentum, unequal last chunk weighted by its size."""

import torch
import torch.nn.functional as F
from torch import nn


def main(micro=12):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 4))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9)
    w = torch.randn(9, 4)
    for step in range(30):
        x = torch.randn(64, 9)
        y = (x @ w).argmax(1)
        optimizer.zero_grad()
        total = 0.0
        for xb, yb in zip(x.split(micro), y.split(micro)):
            loss = F.cross_entropy(net(xb), yb) * (len(xb) / len(x))
            loss.backward()
            total += loss.item()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {total:.3f}")


if __name__ == "__main__":
    main()
