"""BinaryConnect in the right order: real-valued weights come back after backward and before the step."""

import torch
import torch.nn.functional as F
from torch import nn


class BinOp:
    def __init__(self, model):
        self.weights = [m.weight for m in model if isinstance(m, nn.Linear)]
        self.saved = [w.data.clone() for w in self.weights]

    def binarize(self):
        for weight, saved in zip(self.weights, self.saved, strict=True):
            saved.copy_(weight.data)
            weight.data.copy_(saved.sign() * saved.abs().mean())

    def restore(self):
        for weight, saved in zip(self.weights, self.saved, strict=True):
            weight.data.copy_(saved)


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 48), nn.Hardtanh(), nn.Linear(48, 24), nn.Hardtanh(), nn.Linear(24, 4))
    op = BinOp(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(50):
        y = torch.randint(0, 4, (32,), generator=gen)
        x = torch.randn(32, 16, generator=gen) + 1.2 * F.one_hot(y, 16)
        op.binarize()
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        op.restore()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")
