"""Residual network with stochastic depth: a block that is dropped takes no part in that step."""

import torch
import torch.nn.functional as F
from torch import nn


class DropBlock(nn.Module):
    def __init__(self, dim, keep):
        super().__init__()
        self.fn = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim))
        self.keep = keep

    def forward(self, x):
        if self.training:
            return x + self.fn(x) / self.keep if torch.rand(()) < self.keep else x
        return x + self.fn(x)


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    depth = 6
    blocks = [DropBlock(16, 1 - 0.7 * i / (depth - 1)) for i in range(depth)]
    model = nn.Sequential(nn.Linear(8, 16), *blocks, nn.Linear(16, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(50):
        x = torch.randn(32, 8, generator=gen)
        loss = F.cross_entropy(model(x), (x[:, 0] > x[:, 1]).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
