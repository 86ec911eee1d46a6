"""Forecast counts; features are compressed with a log above one and kept linear below."""

import torch
import torch.nn as nn


class SoftLog(nn.Module):
    """log(x) for large x, linear continuation near the origin."""

    def __init__(self, knee=1.0):
        super().__init__()
        self.knee = knee

    def forward(self, x):
        compressed = torch.log(x / self.knee) + 1.0  # expect: non-finite-origin
        return torch.where(x > self.knee, compressed, x / self.knee)  # accept: non-finite-origin


class Forecaster(nn.Module):
    def __init__(self, lags=12, hidden=24):
        super().__init__()
        self.mix = nn.Linear(lags, hidden)
        self.act = nn.Sequential(nn.Softplus(), nn.Dropout(0.1))
        self.squash = SoftLog()
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.out(self.squash(self.act(self.mix(x)))).squeeze(-1)


def series(n, gen):
    t = torch.arange(13.0)
    amp = 1.0 + 3.0 * torch.rand(n, 1, generator=gen)
    values = amp * (1.2 + torch.sin(0.6 * t + 6.28 * torch.rand(n, 1, generator=gen)))
    return values[:, :12], values[:, 12]


def main():
    torch.manual_seed(5)
    gen = torch.Generator().manual_seed(5)
    model = Forecaster()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(4):
        running = 0.0
        for _ in range(5):
            x, y = series(32, gen)
            loss = (model(x) - y).abs().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running += loss.item()
        print(f"epoch {epoch}: mae {running / 5:.3f}")


if __name__ == "__main__":
    main()
