"""Warm-up from exactly zero and a cosine that reaches zero with the last step; stepped per batch."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def factor(step, warmup, total):
    if step < warmup:
        return step / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


def main(epochs=5, batches=10):
    torch.manual_seed(0)
    total = epochs * batches
    model = nn.Sequential(nn.Linear(7, 32), nn.GELU(), nn.Linear(32, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: factor(s, 8, total))
    w = torch.randn(7, 3)
    for epoch in range(epochs):
        for _ in range(batches):
            x = torch.randn(24, 7)
            loss = F.cross_entropy(model(x), (x @ w).argmax(1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
        print(f"epoch {epoch} loss {loss.item():.3f} lr {scheduler.get_last_lr()[0]:.2e}")


if __name__ == "__main__":
    main()
