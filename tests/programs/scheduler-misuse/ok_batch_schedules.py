"""Schedules that are meant per batch: one-cycle for one net, a StepLR counted in batches for another."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR, StepLR


def net():
    return nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 3))


def run(model, optimizer, scheduler, epochs, batches, w, name):
    for epoch in range(epochs):
        for _ in range(batches):
            x = torch.randn(32, 6)
            loss = F.cross_entropy(model(x), (x @ w).argmax(1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
        print(f"{name} epoch {epoch} loss {loss.item():.3f} lr {scheduler.get_last_lr()[0]:.2e}")


def main(epochs=4, batches=8):
    torch.manual_seed(0)
    w = torch.randn(6, 3)
    a, b = net(), net()
    opt_a = torch.optim.SGD(a.parameters(), lr=0.1, momentum=0.9)
    run(a, opt_a, OneCycleLR(opt_a, max_lr=0.3, total_steps=epochs * batches), epochs, batches, w, "cycle")
    opt_b = torch.optim.Adam(b.parameters(), lr=1e-2)
    run(b, opt_b, StepLR(opt_b, step_size=2 * batches, gamma=0.3), epochs, batches, w, "steps")


if __name__ == "__main__":
    main()
