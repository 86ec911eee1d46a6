"""Prioritised samples: the per-sample losses are weighted by numpy importance weights."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Replay:
    def __init__(self, x, y, alpha=0.6, beta=0.4):
        self.x, self.y, self.alpha, self.beta = x, y, alpha, beta
        self.priority = np.ones(len(y))
        self.rng = np.random.default_rng(0)

    def sample(self, n):
        p = self.priority**self.alpha
        p /= p.sum()
        at = self.rng.choice(len(p), n, p=p)
        weights = (len(p) * p[at]) ** -self.beta
        return at, torch.as_tensor(weights / weights.max())  # expect: float64-promotion

    def update(self, at, losses):
        self.priority[at] = losses.detach().numpy() + 1e-3


def main():
    torch.manual_seed(0)
    centers = torch.randn(4, 10)
    y = torch.randint(0, 4, (400,))
    buffer = Replay(centers[y] + torch.randn(400, 10), y)
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(50):
        at, weights = buffer.sample(32)
        losses = F.cross_entropy(model(buffer.x[at]), buffer.y[at], reduction="none")
        loss = (weights * losses).mean()  # accept: float64-promotion
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        buffer.update(at, losses)
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
