"""Digit-like classifier; mixed precision was added to an existing loop."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 8, 3)
        self.c2 = nn.Conv2d(8, 16, 3)
        self.fc = nn.Linear(16 * 4 * 4, 5)

    def forward(self, x):
        x = F.relu(self.c1(x))
        x = F.relu(self.c2(x))
        return self.fc(x.flatten(1))


def train_epoch(model, batches, optimizer, scaler):
    total = 0.0
    for x, y in batches:
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(x).float(), y)
        scaler.scale(loss).backward()
        optimizer.step()  # expect: missing-scaler-update
        total += loss.item()
    return total / len(batches)


def main():
    torch.manual_seed(0)
    proto = torch.randn(5, 1, 8, 8)
    labels = torch.randint(0, 5, (10, 32))
    batches = [(proto[y] + torch.randn(32, 1, 8, 8), y) for y in labels]
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu")
    for epoch in range(3):
        print(f"epoch {epoch} loss {train_epoch(model, batches, optimizer, scaler):.4f}")


if __name__ == "__main__":
    main()
