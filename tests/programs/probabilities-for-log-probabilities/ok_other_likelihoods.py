"""Heteroscedastic regression with Gaussian NLL, counts with Poisson NLL, prototypes with log-softmax distances."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Heads(nn.Module):
    def __init__(self, dim=6, hidden=32):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU())
        self.mean = nn.Linear(hidden, 1)
        self.var = nn.Sequential(nn.Linear(hidden, 1), nn.Softplus())
        self.rate = nn.Linear(hidden, 1)
        self.proto = nn.Parameter(torch.randn(3, hidden))

    def forward(self, x):
        h = self.body(x)
        return self.mean(h), self.var(h) + 1e-3, self.rate(h), -torch.cdist(h, self.proto).pow(2)


def main():
    torch.manual_seed(0)
    model = Heads()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(60):
        x = torch.randn(64, 6)
        y = x[:, :1] + (0.1 + 0.3 * x[:, 1:2].abs()) * torch.randn(64, 1)
        counts = torch.poisson((0.5 * x[:, 2:3]).exp())
        kind = x[:, 3:].argmax(1)
        mean, var, rate, scores = model(x)
        loss = F.gaussian_nll_loss(mean, y, var) + F.poisson_nll_loss(rate, counts)
        loss = loss + F.nll_loss(F.log_softmax(scores, 1), kind)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
