"""Trains a binary classifier whose targets come from a comparison."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def make(n):
    x = torch.randn(n, 4)
    y = (x.sum(1) > 0).long()  # expect: target-dtype
    return x, y.unsqueeze(1)


def main():
    torch.manual_seed(0)
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = make(64)
    for first in range(0, 64, 16):
        rows = slice(first, first + 16)
        loss = F.binary_cross_entropy_with_logits(model(x[rows]), y[rows])  # accept: target-dtype
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
