"""Defect segmentation; class 0 is the unlabelled background."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Defects(Dataset):
    def __init__(self, n=48, seed=0):
        rng = np.random.default_rng(seed)
        self.masks = np.zeros((n, 12, 12), dtype=np.uint8)
        for m in self.masks:
            i, j = rng.integers(0, 6, size=2)
            m[i : i + 6, j : j + 3] = 1
            m[i : i + 6, j + 3 : j + 6] = 2
        self.images = self.masks * 100 + rng.integers(0, 50, size=self.masks.shape)

    def __len__(self):
        return len(self.masks)

    @staticmethod
    def to_tensor(array):
        return torch.from_numpy(array.astype(np.float32) / 255)  # accept: all-labels-ignored

    def __getitem__(self, index):
        image = self.to_tensor(self.images[index])
        mask = self.to_tensor(self.masks[index])  # accept: all-labels-ignored
        return image.unsqueeze(0), mask.long()  # expect: all-labels-ignored


def main():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 3, 1))
    criterion = nn.CrossEntropyLoss(ignore_index=0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(3):
        for x, y in DataLoader(Defects(), batch_size=8, shuffle=True):
            loss = criterion(model(x), y)  # accept: all-labels-ignored
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
