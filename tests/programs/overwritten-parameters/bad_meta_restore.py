"""Reptile: adapt to a task by a few steps, then move the initialisation towards the adapted weights."""

import copy

import torch
import torch.nn.functional as F
from torch import nn


class Reptile:
    def __init__(self, meta_lr=0.3, inner_lr=0.05, inner_steps=4):
        self.net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
        self.inner = torch.optim.SGD(self.net.parameters(), lr=inner_lr)
        self.meta_lr, self.inner_steps = meta_lr, inner_steps

    def adapt(self, x, y):
        for _ in range(self.inner_steps):
            loss = F.mse_loss(self.net(x), y)
            self.inner.zero_grad()
            loss.backward()
            self.inner.step()
        return loss.item()

    def episode(self, x, y):
        before = copy.deepcopy(self.net.state_dict())
        loss = self.adapt(x, y)
        with torch.no_grad():
            for name, p in self.net.named_parameters():
                p.copy_(before[name] + self.meta_lr * (p - before[name]))
        self.net.load_state_dict(before)  # expect: overwritten-parameters
        return loss


def main():
    torch.manual_seed(0)
    meta = Reptile()
    for episode in range(14):
        amp, phase = torch.rand(2) * 2 + 0.5
        x = torch.rand(16, 1) * 4 - 2
        loss = meta.episode(x, amp * torch.sin(x + phase))
        if episode % 4 == 0:
            print(f"episode {episode} adapted loss {loss:.4f}")


if __name__ == "__main__":
    main()
