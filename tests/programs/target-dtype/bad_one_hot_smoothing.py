"""Mixup training: one-hot labels are made in the collate function."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class ConvNet(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv = nn.Conv1d(2, 16, 5, padding=2)
        self.fc = nn.Linear(16, classes)

    def forward(self, x):
        return self.fc(F.relu(self.conv(x)).amax(-1))


class Collate:
    def __init__(self, classes, mix=None):
        self.classes, self.mix = classes, mix

    def __call__(self, x, y):
        target = F.one_hot(y, self.classes)  # expect: target-dtype
        if self.mix is not None:
            other = torch.randperm(len(x))
            x = self.mix * x + (1 - self.mix) * x[other]
            target = self.mix * target + (1 - self.mix) * target[other]
        return x, target


def main():
    torch.manual_seed(0)
    proto = torch.randn(4, 2, 20)
    model, criterion = ConvNet(4), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    warm, mixed = Collate(4, mix=0.8), Collate(4)
    for step in range(30):
        y = torch.randint(0, 4, (32,))
        collate = warm if step < 15 else mixed
        x, target = collate(proto[y] + 0.5 * torch.randn(32, 2, 20), y)
        loss = criterion(model(x), target)  # accept: target-dtype
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 5 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
