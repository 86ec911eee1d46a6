"""PGD adversarial training: the attack's backward leaves gradients in the model, cleared before the real one."""

import torch
import torch.nn.functional as F
from torch import nn


def attack(model, x, y, eps=0.2, steps=3):
    adv = x + torch.empty_like(x).uniform_(-eps, eps)
    for _ in range(steps):
        adv = adv.detach().requires_grad_(True)
        F.cross_entropy(model(adv), y).backward()
        adv = x + (adv + 0.5 * eps * adv.grad.sign() - x).clamp(-eps, eps)
    return adv.detach()


def main():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    w = torch.randn(8, 3)
    for step in range(30):
        x = torch.randn(48, 8)
        y = (x @ w).argmax(1)
        adv = attack(model, x, y)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(adv), y)
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} robust loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
