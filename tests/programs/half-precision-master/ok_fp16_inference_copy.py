"""Trains in fp32 and evaluates a half-precision copy, as it will be deployed."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


def evaluate_half(model, x, y):
    deployed = copy.deepcopy(model).half().eval()
    with torch.no_grad():
        return (deployed(x.half()).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(0)
    proto = torch.randn(5, 1, 8, 8)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 5)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(40):
        y = torch.randint(0, 5, (32,))
        x = proto[y] + torch.randn(32, 1, 8, 8)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step} loss {loss.item():.4f} fp16 accuracy {evaluate_half(model, x, y):.2f}")


if __name__ == "__main__":
    main()
