"""Layers whose input width is known only at the first batch: lazy modules and a layer built on demand once."""

import torch
import torch.nn.functional as F
from torch import nn


class Head(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.classes, self.fc = classes, None

    def forward(self, x):
        if self.fc is None:
            self.fc = nn.Linear(x.shape[1], self.classes)
        return self.fc(x)


class Net(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.conv = nn.LazyConv1d(12, 3, padding=1)
        self.norm = nn.LazyBatchNorm1d()
        self.hidden = nn.LazyLinear(16)
        self.head = Head(classes)

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)))
        return self.head(F.relu(self.hidden(x.flatten(1))))


def batch(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    t = torch.arange(20) * 0.5
    return torch.sin(t * (y[:, None] + 1))[:, None] + 0.3 * torch.randn(n, 2, 20, generator=gen), y


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    net = Net()
    with torch.no_grad():
        net(batch(4, gen)[0])
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for step in range(30):
        x, y = batch(16, gen)
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
