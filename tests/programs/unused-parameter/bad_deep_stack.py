"""A deeper MLP-mixer like stack for sensor windows; depth is a hyperparameter."""

import torch
import torch.nn.functional as F
from torch import nn


class MixerLayer(nn.Module):
    def __init__(self, tokens, dim):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.token = nn.Linear(tokens, tokens)
        self.channel = nn.Linear(dim, dim)

    def forward(self, x):
        x = x + self.token(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + F.gelu(self.channel(self.norm2(x)))


class Mixer(nn.Module):
    def __init__(self, channels=4, tokens=12, dim=16, depth=4, classes=3):
        super().__init__()
        self.embed = nn.Linear(channels, dim)
        self.layers = nn.ModuleList(MixerLayer(tokens, dim) for _ in range(depth))  # accept: unused-parameter
        self.head = nn.Linear(dim, classes)

    def forward(self, x):
        x = self.embed(x)
        for layer in self.layers:  # accept: unused-parameter
            out = layer(x)  # expect: unused-parameter
        return self.head(out.mean(1))


def windows(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    x = torch.randn(n, 12, 4, generator=gen).cumsum(1) * 0.3
    x[torch.arange(n), :, y] += torch.linspace(0, 1.5, 12)
    return x, y


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = Mixer()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    print(f"{sum(p.numel() for p in model.parameters())} parameters")
    for step in range(40):
        x, y = windows(32, gen)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")
