"""Prototype network on the sphere; a callback puts the prototypes back on it."""

import torch
import torch.nn.functional as F
from torch import nn


class PrototypeNet(nn.Module):
    def __init__(self, classes=5, dim=12):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(10, 24), nn.ReLU(), nn.Linear(24, dim))
        self.prototypes = nn.Parameter(F.normalize(torch.randn(classes, dim), dim=-1))

    def forward(self, x):
        return 8 * F.normalize(self.encode(x), dim=-1) @ self.prototypes.t()


class Projection:
    @torch.no_grad()
    def on_loss(self, model):
        model.prototypes.copy_(F.normalize(model.prototypes, dim=-1))  # expect: in-place-write


class Loop:
    def __init__(self, model, callbacks):
        self.model, self.callbacks = model, callbacks
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

    def run(self, batches):
        for step, (x, y) in enumerate(batches):
            loss = F.cross_entropy(self.model(x), y)
            for callback in self.callbacks:
                callback.on_loss(self.model)  # accept: in-place-write
            self.optimizer.zero_grad()
            loss.backward()  # accept: in-place-write
            self.optimizer.step()
            print(f"step {step} loss {loss.item():.4f}")


def batches(n=20):
    gen = torch.Generator().manual_seed(0)
    for _ in range(n):
        x = torch.randn(32, 10, generator=gen)
        yield x, x[:, :5].argmax(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    Loop(PrototypeNet(), [Projection()]).run(batches())
