"""Click-through model; probabilities are kept away from 0 and 1 before the logarithm."""

import torch
from torch import nn


def safe(p, margin=0.05):
    """Bounded probabilities for a finite log-likelihood."""
    p.data.clamp_(margin, 1 - margin)  # expect: silent-overwrite
    return p


class FactorizationMachine(nn.Module):
    def __init__(self, fields=12, rank=4):
        super().__init__()
        self.linear = nn.Linear(fields, 1)
        self.factors = nn.Parameter(0.8 * torch.randn(fields, rank))

    def forward(self, x):
        pairs = (x @ self.factors).pow(2) - x.pow(2) @ self.factors.pow(2)
        return torch.sigmoid(self.linear(x).squeeze(-1) + 0.5 * pairs.sum(-1))


class LogLoss(nn.Module):
    def forward(self, p, click):
        p = safe(p)  # accept: silent-overwrite
        return -(click * p.log() + (1 - click) * (1 - p).log()).mean()


def impressions(n, gen):
    x = (torch.rand(n, 12, generator=gen) < 0.4).float()
    score = 2 * x[:, 0] * x[:, 1] - 3 * x[:, 2] * x[:, 3] + x[:, 4] - 0.5
    return x, (torch.rand(n, generator=gen) < torch.sigmoid(2 * score)).float()


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model, criterion = FactorizationMachine(), LogLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)
    for step in range(50):
        x, click = impressions(128, gen)
        loss = criterion(model(x), click)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} log-loss {loss.item():.4f}")
