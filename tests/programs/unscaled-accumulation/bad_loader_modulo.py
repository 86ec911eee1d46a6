"""Texture classification with an effective batch of 32 on a small card."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Texture(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2), nn.ReLU())
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        return self.fc(self.net(x).mean((2, 3)))


def data(n):
    y = torch.randint(0, 3, (n,))
    grid = torch.arange(8.0)
    waves = torch.stack([torch.sin(grid * (k + 1) * 0.9) for k in range(3)])
    x = waves[y][:, None, None, :].expand(n, 1, 8, 8) + 0.4 * torch.randn(n, 1, 8, 8)
    return TensorDataset(x, y)


def train(model, loader, optimizer, criterion, accum, epochs):
    for epoch in range(epochs):
        running = 0.0
        optimizer.zero_grad()
        for i, (x, y) in enumerate(loader):
            loss = criterion(model(x), y)  # accept: unscaled-accumulation
            loss.backward()  # expect: unscaled-accumulation
            running += loss.item()
            if (i + 1) % accum == 0:
                optimizer.step()  # accept: unscaled-accumulation
                optimizer.zero_grad()
        print(f"epoch {epoch} loss {running / len(loader):.3f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    net = Texture()
    sgd = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    train(net, DataLoader(data(128), batch_size=8, shuffle=True), sgd, nn.CrossEntropyLoss(), 4, 6)
