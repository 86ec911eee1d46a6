"""Two-level U-Net for organ segmentation; masks come from the loader with a channel axis."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


def double_conv(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.ReLU(), nn.Conv2d(o, o, 3, padding=1), nn.ReLU())


class UNet(nn.Module):
    def __init__(self, classes=3, width=8):
        super().__init__()
        self.enc, self.mid = double_conv(1, width), double_conv(width, 2 * width)
        self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.dec, self.out = double_conv(2 * width, width), nn.Conv2d(width, classes, 1)

    def forward(self, x):
        a = self.enc(x)
        b = self.up(self.mid(F.max_pool2d(a, 2)))
        return self.out(self.dec(torch.cat([a, b], 1)))


class Organs(Dataset):
    def __len__(self):
        return 24

    def __getitem__(self, index):
        gen = torch.Generator().manual_seed(index)
        mask = torch.zeros(1, 12, 12, dtype=torch.long)  # expect: target-dtype
        i, j = torch.randint(0, 7, (2,), generator=gen).tolist()
        mask[:, i : i + 5, j : j + 5] = 1 + index % 2
        return mask.float() + 0.2 * torch.randn(1, 12, 12, generator=gen), mask  # accept: target-dtype


def main():
    torch.manual_seed(0)
    model, criterion = UNet(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for image, mask in DataLoader(Organs(), batch_size=6, shuffle=True):
        loss = criterion(model(image), mask)  # accept: target-dtype
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
