"""Sparse regression network with an L1 penalty on the first layer."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class SparseNet(nn.Module):
    def __init__(self, dim=20):
        super().__init__()
        self.select = nn.Linear(dim, 16)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        return self.out(torch.relu(self.select(x)))


class Objective:
    def __init__(self, l1=1e-3):
        self.l1 = l1

    def __call__(self, model, x, y):
        loss = F.mse_loss(model(x), y)
        if self.l1:
            loss = self.l1 * sum(p.abs().sum() for p in model.parameters())  # expect: loss-ignores-model
        return loss


def main():
    torch.manual_seed(0)
    model, objective = SparseNet(), Objective()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(50):
        x = torch.randn(64, 20)
        y = 2 * x[:, :1] - x[:, 3:4]
        loss = objective(model, x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
