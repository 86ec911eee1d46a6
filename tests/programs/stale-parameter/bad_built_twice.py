"""A sweep's helper builds the model from its settings; it is called once for the optimizer, and once more for the training."""

import torch
import torch.nn.functional as F
from torch import nn


def build(width):
    return nn.Sequential(nn.Linear(5, width), nn.GELU(), nn.Linear(width, 1))


def optimizer_for(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-2)


def main():
    torch.manual_seed(0)
    model = build(32)
    optimizer = optimizer_for(model)
    model = build(32)  # expect: stale-parameter
    x = torch.randn(64, 5)
    y = x[:, :1] * x[:, 1:2]
    for step in range(12):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        print(f"{step} {loss.item():.4f}")


if __name__ == "__main__":
    main()
