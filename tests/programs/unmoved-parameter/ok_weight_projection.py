"""WGAN critic with clipped weights and a generator with unit-norm rows: weights are written after every step."""

import torch
from torch import nn


def ring(n):
    t = torch.rand(n, 1) * 6.2832
    return torch.cat([t.cos(), t.sin()], dim=1) * 0.5 + 0.02 * torch.randn(n, 2)


@torch.no_grad()
def project(critic, generator, c):
    for p in critic.parameters():
        p.clamp_(-c, c)
    weight = generator[0].weight
    weight.div_(weight.norm(dim=1, keepdim=True).clamp(min=1.0))


def main():
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(3, 24), nn.ReLU(), nn.Linear(24, 2))
    critic = nn.Sequential(nn.Linear(2, 24), nn.LeakyReLU(0.2), nn.Linear(24, 1))
    opt_g = torch.optim.RMSprop(generator.parameters(), lr=5e-3)
    opt_c = torch.optim.RMSprop(critic.parameters(), lr=5e-3)
    for step in range(40):
        for _ in range(2):
            fake = generator(torch.randn(48, 3)).detach()
            loss_c = critic(fake).mean() - critic(ring(48)).mean()
            opt_c.zero_grad()
            loss_c.backward()
            opt_c.step()
            project(critic, generator, 0.3)
        loss_g = -critic(generator(torch.randn(48, 3))).mean()
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()
        if step % 10 == 0:
            print(f"step {step} distance {-loss_c.item():.4f}")


if __name__ == "__main__":
    main()
