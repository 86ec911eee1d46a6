"""GAN on a ring of Gaussians with the non-saturating loss; generator first, then discriminator."""

import torch
import torch.nn.functional as F
from torch import nn


def mlp(i, o, width=48):
    return nn.Sequential(
        nn.Linear(i, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Linear(width, o)
    )


def ring(n, gen):
    angle = torch.randint(0, 8, (n,), generator=gen) * 0.785
    return torch.stack([angle.cos(), angle.sin()], dim=1) + 0.05 * torch.randn(n, 2, generator=gen)


class GAN:
    def __init__(self, latent=4):
        self.netG, self.netD = mlp(latent, 2), mlp(2, 1)
        self.latent = latent
        self.optG = torch.optim.Adam(self.netG.parameters(), lr=1e-3, betas=(0.5, 0.999))
        self.optD = torch.optim.Adam(self.netD.parameters(), lr=1e-3, betas=(0.5, 0.999))

    def step(self, real):
        self.optG.zero_grad()
        self.optD.zero_grad()  # accept: missing-detach

        fake = self.netG(torch.randn(len(real), self.latent))
        loss_g = F.softplus(-self.netD(fake)).mean()  # accept: missing-detach
        loss_g.backward()  # expect: missing-detach
        self.optG.step()

        loss_d = F.softplus(-self.netD(real)).mean() + F.softplus(self.netD(fake.detach())).mean()
        loss_d.backward()  # accept: missing-detach
        self.optD.step()  # accept: missing-detach
        return loss_g.item(), loss_d.item()


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    gan = GAN()
    for step in range(60):
        g, d = gan.step(ring(64, gen))
        if step % 15 == 14:
            print(f"step {step + 1} G {g:.4f} D {d:.4f}")


if __name__ == "__main__":
    main()
