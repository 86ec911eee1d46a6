"""Grad mode switched by hand for a metric and put back in a finally block."""

import torch
import torch.nn as nn


def accuracy(model, x, y):
    previous = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    try:
        return (model(x).argmax(1) == y).float().mean().item()
    finally:
        torch.set_grad_enabled(previous)


def main():
    torch.set_grad_enabled(True)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 5))
    opt = torch.optim.RMSprop(model.parameters(), lr=5e-3)
    for step in range(40):
        x = torch.randn(32, 5)
        y = x.argmax(1)
        loss = nn.functional.cross_entropy(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3), accuracy(model, x, y))
    torch.set_grad_enabled(False)
    x = torch.randn(256, 5)
    print("final", (model(x).argmax(1) == x.argmax(1)).float().mean().item())


if __name__ == "__main__":
    main()
