"""Tries integer targets, and turns them into floats where the loss does not take them."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def loss_of(logits, y):
    try:
        return F.binary_cross_entropy_with_logits(logits, y)
    except RuntimeError:
        return F.binary_cross_entropy_with_logits(logits, y.float())


def main():
    torch.manual_seed(0)
    model = nn.Linear(6, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(6):
        x = torch.randn(16, 6)
        loss = loss_of(model(x)[:, 0], (x[:, 0] > 0).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
