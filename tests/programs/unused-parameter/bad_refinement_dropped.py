"""Coarse-to-fine forecaster: a linear trend and a residual network that refines it."""

import torch
from torch import nn


class Trend(nn.Module):
    def __init__(self, past, future):
        super().__init__()
        self.project = nn.Linear(past, future)

    def forward(self, x):
        return self.project(x)


class Refine(nn.Module):
    def __init__(self, past, future, width=32):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(past + future, width), nn.SiLU(), nn.Linear(width, future))

    def forward(self, x, coarse):
        return self.net(torch.cat([x, coarse], dim=-1))


class Forecaster(nn.Module):
    def __init__(self, past=24, future=6):
        super().__init__()
        self.trend = Trend(past, future)
        self.refine = Refine(past, future)  # accept: unused-parameter

    def forward(self, x):
        mean, scale = x.mean(-1, keepdim=True), x.std(-1, keepdim=True)
        x = (x - mean) / scale
        coarse = self.trend(x)
        fine = coarse + self.refine(x, coarse)  # accept: unused-parameter
        fine = coarse * scale  # expect: unused-parameter
        return fine + mean


def series(n, gen):
    t = torch.arange(30.0)
    speed = 0.2 + 0.5 * torch.rand(n, 1, generator=gen)
    full = torch.sin(speed * t + 6 * torch.rand(n, 1, generator=gen)) + torch.randn(n, 1, generator=gen)
    return full[:, :24], full[:, 24:]


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = Forecaster()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 50)
    for step in range(50):
        x, y = series(32, gen)
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        if step % 10 == 9:
            print(f"step {step + 1} mse {loss.item():.4f}")


if __name__ == "__main__":
    main()
