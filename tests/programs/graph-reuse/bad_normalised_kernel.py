"""Learn a blur kernel from pairs of sharp and blurred signals; the kernel is positive and sums to one."""

import torch
import torch.nn.functional as F
from torch import nn


class BlurKernel(nn.Module):
    def __init__(self, width=7):
        super().__init__()
        self.raw = nn.Parameter(torch.zeros(width))
        self.kernel = torch.softmax(self.raw, dim=0).view(1, 1, -1)  # expect: graph-reuse
        self.gain = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.gain * F.conv1d(x, self.kernel, padding=self.kernel.size(-1) // 2)  # accept: graph-reuse


class Pairs:
    def __init__(self, seed=0):
        self.gen = torch.Generator().manual_seed(seed)
        self.true = torch.tensor([0.0, 0.05, 0.2, 0.4, 0.25, 0.1, 0.0]).view(1, 1, -1)

    def draw(self, n=16):
        sharp = torch.randn(n, 1, 40, generator=self.gen)
        return sharp, F.conv1d(sharp, self.true, padding=3)


def fit(steps=40):
    torch.manual_seed(0)
    pairs, model = Pairs(), BlurKernel()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-2)
    for step in range(steps):
        sharp, blurred = pairs.draw()
        loss = F.mse_loss(model(sharp), blurred)
        optimizer.zero_grad()
        loss.backward()  # accept: graph-reuse
        optimizer.step()
        print(f"step {step} mse {loss.item():.5f}")


if __name__ == "__main__":
    fit()
