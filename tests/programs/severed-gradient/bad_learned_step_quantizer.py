"""Quantisation-aware training with a learned step size (LSQ) for activations."""

import torch
import torch.nn.functional as F
from torch import nn


class LearnedStep(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, step, levels):
        scaled = x / step
        ctx.save_for_backward(scaled)
        ctx.levels = levels
        return scaled.clamp(0, levels).round() * step

    @staticmethod
    def backward(ctx, grad):
        (scaled,) = ctx.saved_tensors
        inside = (scaled >= 0) & (scaled <= ctx.levels)
        local = torch.where(inside, scaled.round() - scaled, scaled.clamp(0, ctx.levels))
        return None, (grad * local).sum(), None  # expect: severed-gradient


class QuantReLU(nn.Module):
    def __init__(self, bits=4):
        super().__init__()
        self.step = nn.Parameter(torch.tensor(0.1))
        self.levels = 2**bits - 1

    def forward(self, x):
        return LearnedStep.apply(x, self.step, self.levels)  # accept: severed-gradient


class QuantNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), QuantReLU(), nn.Conv2d(8, 8, 3, stride=2, padding=1), QuantReLU()
        )
        self.classifier = nn.Linear(8 * 16, 4)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def blobs(n, gen):
    y = torch.randint(0, 4, (n,), generator=gen)
    x = 0.4 * torch.randn(n, 1, 8, 8, generator=gen)
    for i, label in enumerate(y.tolist()):
        row, col = divmod(label, 2)
        x[i, 0, row * 4 : row * 4 + 4, col * 4 : col * 4 + 4] += 1.0
    return x, y


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = QuantNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for step in range(40):
        x, y = blobs(32, gen)
        logits = model(x)
        loss = F.cross_entropy(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f} acc {(logits.argmax(1) == y).float().mean():.2f}")


if __name__ == "__main__":
    main()
