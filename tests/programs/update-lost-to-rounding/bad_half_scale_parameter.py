"""Contrastive training of two fp16 towers; gains start at one and temperatures at the usual value."""

import torch
import torch.nn.functional as F
from torch import nn


class Gain(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-3) * self.weight


class Towers(nn.Module):
    """The projections are fixed random features; gains and temperature are what is learned."""

    def __init__(self, dim=12):
        super().__init__()
        self.register_buffer("left", torch.randn(6, dim) / 2.5)
        self.register_buffer("right", torch.randn(6, dim) / 2.5)
        self.gain_l, self.gain_r = Gain(dim), Gain(dim)
        self.logit_scale = nn.Parameter(torch.tensor(2.66))

    def forward(self, a, b):
        za = F.normalize(self.gain_l(a @ self.left), dim=-1)
        zb = F.normalize(self.gain_r(b @ self.right), dim=-1)
        return self.logit_scale.exp() * za @ zb.T


def main():
    torch.manual_seed(0)
    towers = Towers().half()  # expect: update-lost-to-rounding
    optimizer = torch.optim.SGD(towers.parameters(), lr=1e-4)  # accept: update-lost-to-rounding
    for step in range(40):
        a = torch.randn(16, 6)
        b = a + 0.2 * torch.randn(16, 6)
        logits = towers(a.half(), b.half()).float()
        target = torch.arange(16)
        loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f} scale {towers.logit_scale.item():.4f}")


if __name__ == "__main__":
    main()
