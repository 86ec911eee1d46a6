"""Lookahead around SGD: every five steps the fast weights are pulled back to the slow ones."""

import torch
import torch.nn.functional as F
from torch import nn


class Lookahead:
    def __init__(self, optimizer, k=5, alpha=0.5):
        self.optimizer, self.k, self.alpha, self.count = optimizer, k, alpha, 0
        self.slow = [p.detach().clone() for g in optimizer.param_groups for p in g["params"]]

    def step(self):
        self.optimizer.step()
        self.count += 1
        if self.count % self.k == 0:
            fast = [p for g in self.optimizer.param_groups for p in g["params"]]
            with torch.no_grad():
                for s, p in zip(self.slow, fast):
                    s.lerp_(p, self.alpha)
                    p.copy_(s)


def main():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))
    inner = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    outer = Lookahead(inner)
    w = torch.randn(6)
    for step in range(50):
        x = torch.randn(32, 6)
        loss = F.mse_loss(net(x).squeeze(1), (x @ w).tanh())
        inner.zero_grad()
        loss.backward()
        outer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
