"""Hyper-parameter-free training: whenever the validation set is no better, go back to the best weights."""

import copy

import torch
import torch.nn.functional as F
from torch import nn


class Keeper:
    def __init__(self, net, delta):
        self.delta, self.best = delta, float("inf")
        self.state = copy.deepcopy(net.state_dict())

    def check(self, net, score):
        if score < self.best - self.delta:  # accept: overwritten-parameters
            self.best, self.state = score, copy.deepcopy(net.state_dict())
        net.load_state_dict(self.state)  # expect: overwritten-parameters


def windows(n):
    t = torch.rand(n, 1) * 6.28 + torch.arange(10) * 0.4
    x = torch.sin(t) + 0.1 * torch.randn(n, 10)
    return x[:, None, :9], x[:, 9]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 8, 3)
        self.out = nn.Linear(8 * 7, 1)

    def forward(self, x):
        return self.out(F.elu(self.conv(x)).flatten(1)).squeeze(1)


def main():
    torch.manual_seed(0)
    net = Net()
    keeper = Keeper(net, delta=0.05)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    vx, vy = windows(64)
    for step in range(50):
        x, y = windows(16)
        loss = F.mse_loss(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            score = F.mse_loss(net(vx), vy).item()
        keeper.check(net, score)  # accept: overwritten-parameters
        if step % 10 == 0:
            print(f"step {step} val {score:.4f}")


if __name__ == "__main__":
    main()
