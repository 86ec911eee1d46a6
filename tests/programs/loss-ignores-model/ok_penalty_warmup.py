"""Orthogonality warm-up: the first steps train on the regulariser alone, then the data term joins."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def orthogonality(model):
    total = 0.0
    for m in model.modules():
        if isinstance(m, nn.Linear) and m.out_features > 8:
            gram = m.weight.T @ m.weight
            total = total + (gram - torch.eye(len(gram))).pow(2).mean()
    return total


def main(warmup=15):
    torch.manual_seed(0)
    w = torch.randn(8, 3)
    model = nn.Sequential(nn.Linear(8, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(60):
        loss = orthogonality(model)
        if step >= warmup:
            x = torch.randn(64, 8)
            loss = loss + F.cross_entropy(model(x), (x @ w).argmax(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
