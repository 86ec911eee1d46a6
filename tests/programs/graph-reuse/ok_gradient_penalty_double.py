"""R1 regularised discriminator: the gradient with respect to the data is differentiated again."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    g = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
    d = nn.Sequential(nn.Linear(2, 32), nn.Softplus(), nn.Linear(32, 1))
    opt_g = torch.optim.Adam(g.parameters(), lr=2e-3)
    opt_d = torch.optim.Adam(d.parameters(), lr=2e-3)
    for step in range(60):
        real = (torch.randn(64, 2) * 0.2 + 1.0).requires_grad_()
        fake = g(torch.randn(64, 4))
        score = d(real)
        (slope,) = torch.autograd.grad(score.sum(), real, create_graph=True)
        penalty = slope.pow(2).sum(1).mean()
        d_loss = F.softplus(-score).mean() + F.softplus(d(fake.detach())).mean() + 0.5 * penalty
        opt_d.zero_grad()
        d_loss.backward()
        opt_d.step()
        g_loss = F.softplus(-d(fake)).mean()
        opt_g.zero_grad()
        g_loss.backward()
        opt_g.step()
        if step % 15 == 14:
            print(f"step {step + 1} D {d_loss.item():.4f} G {g_loss.item():.4f} penalty {penalty.item():.4f}")


if __name__ == "__main__":
    main()
