"""Batches with a non-finite gradient are thrown away: cleared after the backward and before any step."""

import torch
import torch.nn.functional as F
from torch import nn


def batch(w, broken):
    x = torch.randn(32, 6)
    y = torch.exp(x @ w)
    if broken:
        x[3, 2] = float("inf")
    return x, y.log()


def main():
    torch.manual_seed(0)
    w = torch.randn(6)
    model = nn.Sequential(nn.Linear(6, 32), nn.Softplus(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    skipped = 0
    for step in range(45):
        x, y = batch(w, step % 9 == 4)
        loss = F.mse_loss(model(x).squeeze(1), y)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        if not torch.isfinite(norm):
            optimizer.zero_grad()
            skipped += 1
            continue
        optimizer.step()
        optimizer.zero_grad()
        if step % 9 == 0:
            print(f"step {step} loss {loss.item():.3f} skipped {skipped}")


if __name__ == "__main__":
    main()
