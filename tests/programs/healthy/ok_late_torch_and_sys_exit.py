"""Reads its settings first, imports torch within a function, and leaves by sys.exit as soon as the loss is small enough."""

import sys


def build():
    import torch

    torch.manual_seed(0)
    model = torch.nn.Linear(3, 1)
    return torch, model, torch.optim.SGD(model.parameters(), lr=0.1)


def train(target):
    torch, model, optimizer = build()
    for step in range(200):
        x = torch.randn(32, 3)
        loss = (model(x).squeeze(1) - x.sum(1)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss.item() < target:
            print("reached", step, loss.item())
            sys.exit(0)


if __name__ == "__main__":
    train(0.05)
