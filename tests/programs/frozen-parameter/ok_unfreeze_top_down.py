"""Gradual unfreezing (ULMFiT): one more layer from the top at every epoch, the lowest last."""

import torch
import torch.nn.functional as F
from torch import nn


def build():
    return nn.Sequential(
        nn.Sequential(nn.Linear(10, 24), nn.ReLU()),
        nn.Sequential(nn.Linear(24, 24), nn.ReLU()),
        nn.Linear(24, 3),
    )


def set_trainable(model, count):
    for depth, layer in enumerate(reversed(list(model))):
        layer.requires_grad_(depth < count)


def main(epochs=4):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    state = build().state_dict()
    model = build()
    model.load_state_dict(state)
    groups = [{"params": layer.parameters(), "lr": 1e-2 / 2**i} for i, layer in enumerate(reversed(list(model)))]
    optimizer = torch.optim.Adam(groups)
    for epoch in range(epochs):
        set_trainable(model, epoch + 1)
        for _ in range(10):
            x = torch.randn(32, 10, generator=gen)
            loss = F.cross_entropy(model(x), x[:, :3].argmax(1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
