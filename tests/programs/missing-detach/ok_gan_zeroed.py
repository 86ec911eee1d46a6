"""GAN, generator first: what its loss leaves in the discriminator is thrown away before the discriminator's turn."""

import torch
import torch.nn.functional as F
from torch import nn


def mlp(i, o):
    return nn.Sequential(nn.Linear(i, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2), nn.Linear(48, o))


def main():
    torch.manual_seed(0)
    generator, discriminator = mlp(4, 2), mlp(2, 1)
    opt_g = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    opt_d = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    for step in range(60):
        angle = torch.randint(0, 8, (64,)) * 0.785
        real = torch.stack([angle.cos(), angle.sin()], dim=1) + 0.05 * torch.randn(64, 2)
        fake = generator(torch.randn(64, 4))
        g_loss = F.softplus(-discriminator(fake)).mean()
        opt_g.zero_grad()
        g_loss.backward()
        opt_g.step()

        d_loss = F.softplus(-discriminator(real)).mean() + F.softplus(discriminator(fake.detach())).mean()
        opt_d.zero_grad()
        d_loss.backward()
        opt_d.step()
        if step % 15 == 14:
            print(f"step {step + 1} G {g_loss.item():.4f} D {d_loss.item():.4f}")


if __name__ == "__main__":
    main()
