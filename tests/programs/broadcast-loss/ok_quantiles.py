"""Quantile regression: every quantile's column is compared with the one observed value."""

import torch
import torch.nn as nn


class QuantileLoss(nn.Module):
    def __init__(self, levels):
        super().__init__()
        self.register_buffer("levels", torch.tensor(levels))

    def forward(self, pred, target):
        error = target.unsqueeze(-1) - pred
        return torch.maximum(self.levels * error, (self.levels - 1) * error).mean()


def main():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 3))
    criterion = QuantileLoss([0.1, 0.5, 0.9])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(60):
        x = torch.randn(64, 2)
        y = 3 * x[:, 0] + (0.2 + x[:, 1].abs()) * torch.randn(64)
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} pinball {loss.item():.4f}")


if __name__ == "__main__":
    main()
