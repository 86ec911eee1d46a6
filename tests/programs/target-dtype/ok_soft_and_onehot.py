"""Soft targets for cross entropy: one-hot in float, then smoothed mixtures of two labels."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def main():
    torch.manual_seed(0)
    centers = torch.randn(5, 8)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 5))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(50):
        y = torch.randint(0, 5, (32,))
        x = centers[y] + 0.5 * torch.randn(32, 8)
        target = F.one_hot(y, 5).float()
        if step % 2:
            lam, perm = torch.rand(32, 1) * 0.3, torch.randperm(32)
            x, target = torch.lerp(x, x[perm], lam), torch.lerp(target, target[perm], lam)
        loss = F.cross_entropy(model(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
