"""RealNVP-like normalising flow; each coupling starts as the identity, masks leave half of the inputs unchanged."""

import math

import torch
import torch.nn as nn


class Coupling(nn.Module):
    def __init__(self, dim, flip):
        super().__init__()
        mask = torch.arange(dim) % 2 == int(flip)
        self.register_buffer("mask", mask.float())
        self.net = nn.Sequential(nn.Linear(dim, 24), nn.Tanh(), nn.Linear(24, 2 * dim))
        nn.init.zeros_(self.net[2].weight)
        nn.init.zeros_(self.net[2].bias)

    def forward(self, x):
        log_s, shift = self.net(x * self.mask).chunk(2, -1)
        log_s = torch.tanh(log_s) * (1 - self.mask)
        return x * log_s.exp() + shift * (1 - self.mask), log_s.sum(-1)


class Flow(nn.Module):
    def __init__(self, dim=2, layers=4):
        super().__init__()
        self.layers = nn.ModuleList(Coupling(dim, i % 2) for i in range(layers))

    def log_prob(self, x):
        total = 0.0
        for layer in self.layers:
            x, logdet = layer(x)
            total = total + logdet
        return total - 0.5 * (x.pow(2) + math.log(2 * math.pi)).sum(-1)


if __name__ == "__main__":
    torch.manual_seed(0)
    flow = Flow()
    opt = torch.optim.Adam(flow.parameters(), lr=5e-3)
    for step in range(60):
        a = torch.randn(128, 1)
        x = torch.cat([a, 0.5 * a**2 + 0.2 * torch.randn(128, 1)], 1)
        loss = -flow.log_prob(x).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 15 == 0:
            print(step, round(loss.item(), 3))
