"""Columns against columns; the three outputs carry weights of shape (3,)."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def main():
    torch.manual_seed(0)
    w = torch.randn(6, 3)
    body = nn.Sequential(nn.Linear(6, 48), nn.ReLU())
    joint, single = nn.Linear(48, 3), nn.Linear(48, 1)
    optimizer = torch.optim.Adam([*body.parameters(), *joint.parameters(), *single.parameters()], lr=5e-3)
    importance = torch.tensor([1.0, 0.5, 2.0])
    for step in range(60):
        x = torch.randn(64, 6)
        y = x @ w
        h = body(x)
        weighted = (importance * (joint(h) - y) ** 2).mean()
        loss = weighted + F.mse_loss(single(h), y.sum(1, keepdim=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
