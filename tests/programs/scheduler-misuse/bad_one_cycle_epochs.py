"""Super-convergence on a toy spiral with the one-cycle policy."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def spiral(n, gen):
    y = torch.randint(0, 2, (n,), generator=gen)
    r = torch.rand(n, generator=gen) * 2 + 0.2
    t = 2 * r + y * math.pi
    return torch.stack([r * torch.cos(t), r * torch.sin(t)], 1) + 0.05 * torch.randn(n, 2, generator=gen), y


def epoch_pass(net, optimizer, gen, batches):
    total = 0.0
    for _ in range(batches):
        x, y = spiral(32, gen)
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / batches


def main(epochs=6, batches=8):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(  # accept: scheduler-misuse
        optimizer, max_lr=0.3, total_steps=epochs * batches, pct_start=0.3
    )
    for epoch in range(epochs):
        loss = epoch_pass(net, optimizer, gen, batches)
        scheduler.step()  # expect: scheduler-misuse
        print(f"epoch {epoch} loss {loss:.4f}")


if __name__ == "__main__":
    main()
