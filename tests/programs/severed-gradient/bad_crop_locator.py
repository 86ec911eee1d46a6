"""Recurrent-attention style glimpses: a locator proposes where to look, a reader classifies the crop."""

import torch
import torch.nn.functional as F
from torch import nn


class Locator(nn.Module):
    def __init__(self, size, crop):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(6 * size * size, 2))
        self.span = size - crop

    def forward(self, image):
        return torch.sigmoid(self.net(image)) * self.span


class Glimpse(nn.Module):
    def __init__(self, crop):
        super().__init__()
        self.crop = crop

    def forward(self, image, where):
        corner = where.long()  # expect: severed-gradient
        offset = torch.arange(self.crop)
        rows = corner[:, :1, None] + offset[None, :, None]
        cols = corner[:, 1:, None] + offset[None, None, :]
        which = torch.arange(len(image))[:, None, None]
        return image[which, 0, rows, cols].flatten(1)  # accept: severed-gradient


class GlimpseClassifier(nn.Module):
    def __init__(self, size=12, crop=5, classes=3):
        super().__init__()
        self.locator = Locator(size, crop)
        self.glimpse = Glimpse(crop)
        self.reader = nn.Sequential(nn.Linear(crop * crop, 32), nn.ReLU(), nn.Linear(32, classes))

    def forward(self, image):
        return self.reader(self.glimpse(image, self.locator(image)))


def textures(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    base = torch.randn(n, 1, 12, 12, generator=gen)
    stripes = torch.tensor([1.0, -1.0]).repeat(6)
    base[y == 1] += stripes.view(1, 1, 12, 1)
    base[y == 2] += stripes.view(1, 1, 1, 12)
    return base, y


def run(steps=40):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = GlimpseClassifier()
    groups = [{"params": model.locator.parameters(), "lr": 1e-3}, {"params": model.reader.parameters(), "lr": 5e-3}]
    optimizer = torch.optim.Adam(groups)
    for step in range(steps):
        x, y = textures(32, gen)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    run()
