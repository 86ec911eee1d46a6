"""Gesture recognition with a 1-d CNN and CrossEntropyLoss."""

import torch
import torch.nn as nn


def build(channels=3, classes=4):
    return nn.Sequential(
        nn.Conv1d(channels, 16, 5, padding=2),
        nn.BatchNorm1d(16),
        nn.ReLU(),
        nn.AdaptiveMaxPool1d(1),
        nn.Flatten(),
        nn.Linear(16, classes),
        nn.Softmax(dim=1),  # expect: double-softmax
    )


def gestures(n, proto):
    y = torch.randint(0, len(proto), (n,))
    return proto[y] + 0.7 * torch.randn(n, *proto.shape[1:]), y


def main():
    torch.manual_seed(0)
    proto = torch.randn(4, 3, 24)
    model = build()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(60):
        x, y = gestures(32, proto)
        out = model(x)
        loss = criterion(out, y)  # accept: double-softmax
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 15 == 0:
            print(f"step {step} loss {loss.item():.4f} acc {(out.argmax(1) == y).float().mean():.2f}")


if __name__ == "__main__":
    main()
