"""BinaryConnect: run with binary weights, keep the real-valued ones for the update."""

import torch
import torch.nn.functional as F
from torch import nn


class Binarizer:
    """Swaps binary weights in and out of the linear layers of a model."""

    def __init__(self, model):
        self.weights = [m.weight for m in model.modules() if isinstance(m, nn.Linear)]
        self.saved = [w.data.clone() for w in self.weights]

    def __enter__(self):
        for weight, saved in zip(self.weights, self.saved, strict=True):
            saved.copy_(weight.data)
            weight.data.copy_(saved.sign() * saved.abs().mean())

    def __exit__(self, *exc):
        for weight, saved in zip(self.weights, self.saved, strict=True):
            weight.data.copy_(saved)  # expect: silent-overwrite


def digits(n, gen):
    y = torch.randint(0, 4, (n,), generator=gen)
    return torch.randn(n, 16, generator=gen) + 1.2 * F.one_hot(y, 16), y


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 48), nn.Hardtanh(), nn.Linear(48, 24), nn.Hardtanh(), nn.Linear(24, 4))
    binary = Binarizer(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(50):
        x, y = digits(32, gen)
        with binary:  # accept: silent-overwrite
            loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()  # accept: silent-overwrite
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
