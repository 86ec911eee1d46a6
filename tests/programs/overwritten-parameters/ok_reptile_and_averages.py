"""Reptile done with a clone per task, then stochastic weight averaging loaded into the model at the very end."""

import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.swa_utils import AveragedModel


def task():
    amp, phase = torch.rand(2) * 2 + 0.5
    x = torch.rand(16, 1) * 4 - 2
    return x, amp * torch.sin(x + phase)


def adapt(net, x, y, steps=4, lr=0.05):
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
    return loss.item()


def main():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
    for episode in range(12):
        fast = copy.deepcopy(net)
        loss = adapt(fast, *task())
        with torch.no_grad():
            for p, q in zip(net.parameters(), fast.parameters()):
                p.lerp_(q, 0.3)
        if episode % 4 == 0:
            print(f"episode {episode} adapted loss {loss:.4f}")
    averaged = AveragedModel(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    x, y = task()
    for step in range(30):
        optimizer.zero_grad()
        loss = F.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
        if step >= 15:
            averaged.update_parameters(net)
    net.load_state_dict(averaged.module.state_dict())
    with torch.no_grad():
        print(f"last {loss.item():.4f} averaged {F.mse_loss(net(x), y).item():.4f}")


if __name__ == "__main__":
    main()
