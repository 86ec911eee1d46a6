"""Keyword spotting on log-mel features in decibels."""

import torch
import torch.nn as nn


class SpectrogramNet(nn.Module):
    """The first layer is a learned non-negative filter bank over frequencies."""

    def __init__(self, mels=20, filters=12, classes=3):
        super().__init__()
        self.filters = nn.Linear(mels, filters)
        with torch.no_grad():
            self.filters.weight.uniform_(0.0, 0.2)  # accept: dead-units
        self.head = nn.Sequential(nn.ReLU(), nn.Linear(filters, 16), nn.ReLU(), nn.Linear(16, classes))

    def forward(self, db):
        return self.head(self.filters(db))  # accept: dead-units


def spectrograms(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    power = 0.01 + torch.rand(n, 20, generator=gen) * 0.02
    bands = torch.arange(20) // 7
    power = power + 0.05 * (bands[None] == y[:, None])
    return 10.0 * torch.log10(power), y  # expect: dead-units


def evaluate(net, gen):
    with torch.no_grad():
        x, y = spectrograms(256, gen)
        return (net(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(4)
    gen = torch.Generator().manual_seed(4)
    net = SpectrogramNet()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    for epoch in range(4):
        for _ in range(10):
            x, y = spectrograms(32, gen)
            loss = nn.functional.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} loss {loss.item():.4f} acc {evaluate(net, gen):.3f}")


if __name__ == "__main__":
    main()
