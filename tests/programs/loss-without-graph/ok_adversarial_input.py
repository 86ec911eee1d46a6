"""Fit a classifier, then search adversarial inputs: only the input asks for a gradient."""

import torch
import torch.nn.functional as F
from torch import nn


def make(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    return torch.randn(n, 8, generator=gen) + 3.0 * F.one_hot(y, 8), y


def attack(model, x, y, steps=5, size=0.15, radius=0.5):
    model.eval().requires_grad_(False)
    delta = torch.zeros_like(x)
    for _ in range(steps):
        delta.requires_grad_()
        loss = F.cross_entropy(model(x + delta), y)
        (grad,) = torch.autograd.grad(loss, delta)
        delta = (delta.detach() + size * grad.sign()).clamp(-radius, radius)
    model.train().requires_grad_(True)
    return x + delta


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(30):
        x, y = make(64, gen)
        x = attack(model, x, y)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            with torch.no_grad():
                x, y = make(64, gen)
                clean = F.cross_entropy(model(x), y)
            print(f"step {step + 1} robust {loss.item():.4f} clean {clean.item():.4f}")


if __name__ == "__main__":
    main()
