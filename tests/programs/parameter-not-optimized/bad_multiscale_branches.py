"""Keyword spotting on short waveforms with an inception-style front end."""

import torch
import torch.nn.functional as F
from torch import nn


class MultiScale(nn.Module):
    """Parallel convolutions with different receptive fields, concatenated."""

    def __init__(self, inp, out, kernels=(3, 7, 15)):
        super().__init__()
        self.branches = [nn.Conv1d(inp, out, k, padding=k // 2) for k in kernels]  # expect: parameter-not-optimized
        self.norm = nn.BatchNorm1d(out * len(kernels))

    def forward(self, x):
        return F.relu(self.norm(torch.cat([branch(x) for branch in self.branches], dim=1)))


class Spotter(nn.Module):
    def __init__(self, classes=4):
        super().__init__()
        self.front = MultiScale(1, 6)
        self.mid = nn.Conv1d(18, 24, 5, stride=2)
        self.head = nn.Linear(24, classes)

    def forward(self, wave):
        return self.head(F.relu(self.mid(self.front(wave))).mean(-1))


def waves(n, gen, length=64):
    y = torch.randint(0, 4, (n,), generator=gen)
    t = torch.arange(length) * 0.1
    phase = torch.rand(n, 1, generator=gen) * 6.28
    x = torch.sin(t * (1.0 + 2.0 * y[:, None]) + phase) + 0.2 * torch.randn(n, length, generator=gen)
    return x[:, None], y


def main():
    torch.manual_seed(3)
    gen = torch.Generator().manual_seed(3)
    model = Spotter()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)  # accept: parameter-not-optimized
    for step in range(50):
        x, y = waves(24, gen)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step:3d} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
