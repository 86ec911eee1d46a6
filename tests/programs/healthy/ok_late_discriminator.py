"""Autoencoder with a discriminator that joins after a number of steps."""

import torch
import torch.nn as nn
import torch.nn.functional as F

if __name__ == "__main__":
    torch.manual_seed(0)
    basis = torch.randn(3, 10)
    auto = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 3), nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 10))
    disc = nn.Sequential(nn.Linear(10, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    opt_g = torch.optim.Adam(auto.parameters(), lr=5e-3)
    opt_d = torch.optim.Adam(disc.parameters(), lr=1e-3)
    start = 30
    for step in range(60):
        x = torch.randn(64, 3) @ basis
        recon = auto(x)
        loss = F.mse_loss(recon, x)
        if step >= start:
            loss = loss + 0.05 * F.softplus(-disc(recon)).mean()
        opt_g.zero_grad()
        loss.backward()
        opt_g.step()
        if step >= start:
            loss_d = F.softplus(-disc(x)).mean() + F.softplus(disc(recon.detach())).mean()
            opt_d.zero_grad()
            loss_d.backward()
            opt_d.step()
        if step % 15 == 0:
            print(step, round(loss.item(), 3))
