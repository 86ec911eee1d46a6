"""Digit-like classification; the learning rate drops by ten every five epochs."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 9, 4)

    def forward(self, x):
        return self.fc(F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1))


class Runner:
    def __init__(self, net, lr):
        self.net = net
        self.optimizer = torch.optim.Adam(net.parameters(), lr=lr)
        self.scheduler = StepLR(self.optimizer, step_size=5, gamma=0.1)  # accept: scheduler-misuse

    def train_step(self, x, y):
        loss = F.cross_entropy(self.net(x), y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.scheduler.step()  # expect: scheduler-misuse
        return loss.item()

    def fit(self, loader, epochs):
        for epoch in range(epochs):
            total = sum(self.train_step(x, y) for x, y in loader)
            print(f"epoch {epoch} loss {total / len(loader):.3f}")


def glyphs(n):
    y = torch.randint(0, 4, (n,))
    base = (torch.rand(4, 1, 6, 6, generator=torch.Generator().manual_seed(9)) > 0.5).float()
    return TensorDataset(base[y] + 0.6 * torch.randn(n, 1, 6, 6), y)


if __name__ == "__main__":
    torch.manual_seed(0)
    Runner(Net(), lr=1e-2).fit(DataLoader(glyphs(96), batch_size=16, shuffle=True), epochs=8)
