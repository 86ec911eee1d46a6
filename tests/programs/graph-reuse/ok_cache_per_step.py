"""Class prototypes are encoded once per step and shared by several micro-batches, whose losses are summed."""

import torch
import torch.nn.functional as F
from torch import nn


class Prototypes(nn.Module):
    def __init__(self, classes=4, dim=16):
        super().__init__()
        self.table = nn.Embedding(classes, dim)
        self.project = nn.Sequential(nn.Linear(dim, dim), nn.Tanh(), nn.Linear(dim, dim))
        self._cached = None

    def forward(self):
        if self._cached is None:
            self._cached = F.normalize(self.project(self.table.weight), dim=-1)
        return self._cached

    def clear(self):
        self._cached = None


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    prototypes, image = Prototypes(), nn.Linear(10, 16)
    optimizer = torch.optim.Adam([*prototypes.parameters(), *image.parameters()], lr=1e-2)
    for step in range(40):
        total = torch.zeros(())
        for _ in range(3):
            x = torch.randn(16, 10, generator=gen)
            logits = 10 * F.normalize(image(x), dim=-1) @ prototypes().t()
            total = total + F.cross_entropy(logits, x[:, :4].argmax(1)) / 3
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        prototypes.clear()
        if step % 10 == 9:
            print(f"step {step + 1} loss {total.item():.4f}")
