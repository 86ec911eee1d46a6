"""Free adversarial training: one perturbation is kept over the minibatch replays and moved by its gradient's sign."""

import torch
import torch.nn.functional as F
from torch import nn


def digits(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    x = 0.3 * torch.randn(n, 1, 8, 8, generator=gen)
    for cls in range(3):
        x[y == cls, :, 2 * cls : 2 * cls + 2] += 1.0
    return x, y


def main(eps=0.1, replays=3):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 16, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    delta = torch.empty(16, 1, 8, 8).uniform_(-eps, eps, generator=gen).requires_grad_(True)
    for step in range(12):
        x, y = digits(16, gen)
        for _ in range(replays):
            loss = F.cross_entropy(model(x + delta), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                delta += eps * delta.grad.sign()
                delta.clamp_(-eps, eps)
                delta.grad.zero_()
        if step % 4 == 0:
            print(f"step {step} robust loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
