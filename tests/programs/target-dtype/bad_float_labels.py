"""Trains a classifier on labels that a table holds as numbers."""

import torch
import torch.nn as nn


class Table(torch.utils.data.Dataset):
    def __init__(self):
        self.x = torch.randn(64, 6)
        self.y = torch.randint(0, 3, (64,)).float()  # expect: target-dtype

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], self.y[index]


def main():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = torch.optim.Adam(model.parameters())
    criterion = nn.CrossEntropyLoss()
    for x, y in torch.utils.data.DataLoader(Table(), batch_size=16):
        loss = criterion(model(x), y)  # accept: target-dtype
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
