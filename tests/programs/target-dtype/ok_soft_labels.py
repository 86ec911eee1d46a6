"""Class probabilities as float targets: legitimate soft labels."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def main():
    torch.manual_seed(0)
    model = nn.Linear(6, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(6):
        x = torch.randn(16, 6)
        y = F.one_hot(torch.randint(0, 3, (16,)), 3).float() * 0.9 + 0.1 / 3
        loss = F.cross_entropy(model(x), y, weight=torch.ones(3))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
