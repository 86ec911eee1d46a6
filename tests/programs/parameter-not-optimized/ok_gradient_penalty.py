"""WGAN with gradient penalty on a two-dimensional mixture."""

import torch
from torch import nn


def mlp(inp, out):
    return nn.Sequential(
        nn.Linear(inp, 32), nn.LeakyReLU(0.2), nn.Linear(32, 32), nn.LeakyReLU(0.2), nn.Linear(32, out)
    )


def penalty(critic, real, fake):
    alpha = torch.rand(len(real), 1)
    mixed = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    score = critic(mixed)
    (grad,) = torch.autograd.grad(score.sum(), mixed, create_graph=True)
    return ((grad.norm(2, dim=1) - 1) ** 2).mean()


def mixture(n):
    centers = torch.tensor([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]])
    return centers[torch.randint(0, 3, (n,))] + 0.1 * torch.randn(n, 2)


def main():
    torch.manual_seed(0)
    gen, critic = mlp(4, 2), mlp(2, 1)
    opt_g = torch.optim.Adam(gen.parameters(), lr=1e-3, betas=(0.0, 0.9))
    opt_c = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.0, 0.9))
    for step in range(15):
        for _ in range(3):
            real = mixture(32)
            fake = gen(torch.randn(32, 4)).detach()
            loss_c = critic(fake).mean() - critic(real).mean() + 10.0 * penalty(critic, real, fake)
            opt_c.zero_grad()
            loss_c.backward()
            opt_c.step()
        loss_g = -critic(gen(torch.randn(32, 4))).mean()
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()
        if step % 5 == 0:
            print(f"step {step} critic {loss_c.item():.3f} generator {loss_g.item():.3f}")


if __name__ == "__main__":
    main()
