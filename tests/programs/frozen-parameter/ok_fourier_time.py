"""Denoising score matching; time is embedded with fixed random Fourier features, as in score-based SDEs."""

import math

import torch
from torch import nn


class GaussianFourier(nn.Module):
    def __init__(self, dim=16, scale=8.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(dim // 2) * scale, requires_grad=False)

    def forward(self, t):
        angle = t[:, None] * self.weight[None, :] * 2 * math.pi
        return torch.cat([angle.sin(), angle.cos()], dim=-1)


class ScoreNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.time = GaussianFourier()
        self.net = nn.Sequential(nn.Linear(18, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 2))

    def forward(self, x, t):
        return self.net(torch.cat([x, self.time(t)], dim=-1))


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = ScoreNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for step in range(60):
        angle = 6.28 * torch.rand(128, generator=gen)
        x = torch.stack([angle.cos(), angle.sin()], dim=1)
        t = 0.05 + 0.95 * torch.rand(128, generator=gen)
        noise = torch.randn(x.shape, generator=gen)
        loss = (model(x + t[:, None] * noise, t) + noise).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 15 == 14:
            print(f"step {step + 1} loss {loss.item():.4f}")
