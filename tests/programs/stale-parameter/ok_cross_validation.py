"""Five-fold cross-validation: a new model and a new optimizer for every fold."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(6, hidden), nn.Linear(hidden, 2)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


class Study:
    def __init__(self, x, y):
        self.x, self.y = x, y
        self.net = self.optimizer = None

    def reset(self, hidden):
        self.net = Net(hidden)
        self.optimizer = torch.optim.RMSprop(self.net.parameters(), lr=5e-3)

    def fold(self, held, hidden=16, epochs=6):
        self.reset(hidden)
        train = torch.ones(len(self.x), dtype=torch.bool)
        train[held] = False
        for _ in range(epochs):
            for xb, yb in zip(self.x[train].split(32), self.y[train].split(32)):
                self.optimizer.zero_grad()
                F.cross_entropy(self.net(xb), yb).backward()
                self.optimizer.step()
        with torch.no_grad():
            return (self.net(self.x[held]).argmax(1) == self.y[held]).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.randn(120, 6)
    study = Study(x, (x[:, 0] * x[:, 1] + x[:, 2] > 0).long())
    for k, held in enumerate(torch.randperm(120).chunk(5)):
        print(f"fold {k} accuracy {study.fold(held):.2f}")
