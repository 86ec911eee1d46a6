"""Land-cover segmentation with median-frequency balancing."""

import numpy as np
import torch
import torch.nn as nn


class SegNet(nn.Module):
    def __init__(self, classes=3, width=12):
        super().__init__()
        self.down = nn.Conv2d(3, width, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(width, classes, 2, stride=2)

    def forward(self, x):
        return self.up(torch.relu(self.down(x)))


def median_frequency(masks, classes=3):
    freq = np.array([(masks == c).mean() for c in range(classes)])
    return np.median(freq) / freq


def tiles(n, rng):
    mask = np.zeros((n, 12, 12), dtype=np.int64)
    for m in mask:
        i, j = rng.integers(0, 8, size=2)
        m[i : i + 4, j : j + 4] = rng.integers(1, 3)
    palette = np.array([[0.2, 0.6, 0.1], [0.1, 0.2, 0.8], [0.7, 0.7, 0.7]], dtype=np.float32)
    image = palette[mask] + 0.1 * rng.normal(size=(n, 12, 12, 3)).astype(np.float32)
    return image.transpose(0, 3, 1, 2).copy(), mask


def main():
    torch.manual_seed(0)
    image, mask = tiles(64, np.random.default_rng(0))
    x, y = torch.from_numpy(image), torch.from_numpy(mask)
    weight = torch.from_numpy(median_frequency(mask))  # expect: target-dtype
    criterion = nn.CrossEntropyLoss(weight=weight)  # accept: target-dtype
    model = SegNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(30):
        pick = torch.randint(0, 64, (8,))
        loss = criterion(model(x[pick]), y[pick])  # accept: target-dtype
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
