"""Metric learning on all pairs: labels, distances and a positional bias are broadcast on purpose."""

import torch
import torch.nn as nn


class Embedder(nn.Module):
    def __init__(self, dim=8, out=4):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Linear(32, out))
        self.margin = nn.Parameter(torch.zeros(1, 1))

    def forward(self, x):
        z = self.net(x)
        return (z[:, None] - z[None]).pow(2).mean(-1) + self.margin


def main():
    torch.manual_seed(0)
    model = Embedder()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(50):
        x = torch.randn(32, 8)
        score = x[:, :1] * 2 + x[:, 1:2]
        wanted = (score - score.T).abs()
        loss = (model(x) - wanted).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
