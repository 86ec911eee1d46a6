"""Iris-like classification from one float matrix whose last column is the class."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class TableDataset(Dataset):
    def __init__(self, rows):
        data = torch.tensor(rows, dtype=torch.float32)
        self.x = data[:, :-1]
        self.y = data[:, -1]  # expect: target-dtype

    def __len__(self):
        return len(self.y)

    def __getitem__(self, index):
        return self.x[index], self.y[index]


def read_rows(n=120, seed=0):
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, size=n)
    return np.column_stack([rng.normal(size=(n, 4)) + kind[:, None], kind])


def main():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(3):
        for x, y in DataLoader(TableDataset(read_rows()), batch_size=20, shuffle=True):
            optimizer.zero_grad()
            loss = criterion(model(x), y)  # accept: target-dtype
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
