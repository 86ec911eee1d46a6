"""Segmentation of tiles whose masks are read from 8-bit image files; 255 is unlabelled."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def tiles(n, rng):
    mask = np.zeros((n, 10, 10), dtype=np.uint8)
    mask[:, 3:7, 3:7] = rng.integers(1, 3, size=(n, 1, 1))
    image = np.eye(3, dtype=np.float32)[mask] + 0.2 * rng.normal(size=(n, 10, 10, 3)).astype(np.float32)
    mask[:, 0] = 255
    labels = torch.from_numpy(mask)  # expect: target-dtype
    return torch.from_numpy(image).permute(0, 3, 1, 2), labels


def main():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 3, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(40):
        x, y = tiles(8, rng)
        loss = F.cross_entropy(model(x), y, ignore_index=255)  # accept: target-dtype
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
