"""GAN where the generator's step leaves gradients in the discriminator, which its own zero_grad throws away later."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    gen = nn.Sequential(nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, 1))
    dis = nn.Sequential(nn.Linear(1, 24), nn.LeakyReLU(0.2), nn.Linear(24, 1))
    opt_g = torch.optim.Adam(gen.parameters(), lr=2e-3, betas=(0.5, 0.99))
    opt_d = torch.optim.Adam(dis.parameters(), lr=2e-3, betas=(0.5, 0.99))
    for step in range(40):
        real = 2 + 0.5 * torch.randn(48, 1)
        fake = gen(torch.randn(48, 2))

        opt_g.zero_grad()
        loss_g = F.softplus(-dis(fake)).mean()
        loss_g.backward()
        opt_g.step()

        opt_d.zero_grad()
        loss_d = F.softplus(-dis(real)).mean() + F.softplus(dis(fake.detach())).mean()
        loss_d.backward()
        opt_d.step()
        if step % 10 == 0:
            print(f"step {step} D {loss_d.item():.3f} G {loss_g.item():.3f}")


if __name__ == "__main__":
    main()
