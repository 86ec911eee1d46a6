"""A small GAN: the discriminator sees detached fakes, the generator's loss leaves gradients in the discriminator."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def real(n):
    return torch.randn(n, 2) * 0.3 + torch.tensor([1.5, -0.5])


if __name__ == "__main__":
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 2))
    discriminator = nn.Sequential(nn.Linear(2, 24), nn.LeakyReLU(0.2), nn.Linear(24, 1))
    opt_g = torch.optim.Adam(generator.parameters(), lr=5e-3, betas=(0.5, 0.99))
    opt_d = torch.optim.Adam(discriminator.parameters(), lr=5e-3, betas=(0.5, 0.99))
    for step in range(50):
        x, fake = real(64), generator(torch.randn(64, 4))
        opt_d.zero_grad()
        loss_d = F.softplus(-discriminator(x)).mean() + F.softplus(discriminator(fake.detach())).mean()
        loss_d.backward()
        opt_d.step()
        opt_g.zero_grad()
        loss_g = F.softplus(-discriminator(fake)).mean()
        loss_g.backward()
        opt_g.step()
        if step % 10 == 9:
            print(f"{step} d {loss_d.item():.3f} g {loss_g.item():.3f}", [round(v, 2) for v in fake.mean(0).tolist()])
