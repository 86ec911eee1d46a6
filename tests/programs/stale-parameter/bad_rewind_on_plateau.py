"""Regression with a trainer that rewinds to the best snapshot when validation stops improving."""

import io

import torch
import torch.nn.functional as F
from torch import nn


class Tabular(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.stem = nn.Linear(7, width)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        x = F.silu(self.stem(x))
        for layer in self.hidden:
            x = x + F.silu(layer(x))
        return self.out(x).squeeze(-1)


class Trainer:
    def __init__(self, lr=2e-2, patience=2):
        self.model = Tabular()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=lr)
        self.best, self.bad, self.patience = float("inf"), 0, patience
        self.snapshot = None

    def save(self):
        buffer = io.BytesIO()
        torch.save(self.model, buffer)
        self.snapshot = buffer.getvalue()

    def rewind(self):
        print("rewinding to", round(self.best, 4))
        self.model = torch.load(io.BytesIO(self.snapshot), weights_only=False)  # expect: stale-parameter
        for group in self.optimizer.param_groups:
            group["lr"] *= 0.5

    def epoch(self, x, y):
        for xb, yb in zip(x.split(16), y.split(16)):
            loss = F.mse_loss(self.model(xb), yb)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    @torch.no_grad()
    def validate(self, x, y):
        score = F.mse_loss(self.model(x), y).item()
        if score < self.best:
            self.best, self.bad = score, 0
            self.save()
        else:
            self.bad += 1
            if self.bad == self.patience:
                self.rewind()
                self.bad = 0
        return score


def main():
    torch.manual_seed(2)
    w = torch.randn(7)
    x = torch.randn(96, 7)
    y = torch.sin(x @ w) + 0.3 * torch.randn(96)
    trainer = Trainer()
    for epoch in range(16):
        trainer.epoch(x[:64], y[:64])
        print(f"epoch {epoch} val {trainer.validate(x[64:], y[64:]):.4f}")


if __name__ == "__main__":
    main()
