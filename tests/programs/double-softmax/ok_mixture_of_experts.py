"""Softmax gates weight the experts' logits; the mixture goes to cross entropy. A second head uses NLL."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Mixture(nn.Module):
    def __init__(self, dim=8, experts=4, classes=3):
        super().__init__()
        self.gate = nn.Linear(dim, experts)
        self.experts = nn.ModuleList(nn.Linear(dim, classes) for _ in range(experts))
        self.coarse = nn.Sequential(nn.Linear(dim, 2), nn.LogSoftmax(dim=1))

    def forward(self, x):
        gate = F.softmax(self.gate(x), dim=1)
        logits = torch.stack([e(x) for e in self.experts], 1)
        return (gate.unsqueeze(-1) * logits).sum(1), self.coarse(x), gate


def main():
    torch.manual_seed(0)
    w = torch.randn(8, 3)
    model = Mixture()
    nll = nn.NLLLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    for step in range(60):
        x = torch.randn(64, 8)
        y = (x.abs() @ w).argmax(1)
        logits, coarse, gate = model(x)
        balance = (gate.mean(0) * 4 - 1).pow(2).mean()
        loss = F.cross_entropy(logits, y) + nll(coarse, (y == 0).long()) + 0.01 * balance
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
