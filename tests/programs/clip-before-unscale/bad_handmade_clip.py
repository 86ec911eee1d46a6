"""WGAN-like toy: the critic's gradients are clamped by hand, two optimizers share a scaler."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def mlp(*sizes):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


class Adversary:
    def __init__(self, max_norm):
        self.g, self.d = mlp(4, 32, 2), mlp(2, 32, 1)
        self.g_opt = torch.optim.SGD(self.g.parameters(), lr=0.05)
        self.d_opt = torch.optim.SGD(self.d.parameters(), lr=0.05)
        self.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**14)
        self.max_norm = max_norm

    def limit(self, net):
        total = sum(p.grad.pow(2).sum() for p in net.parameters()).sqrt()  # accept: clip-before-unscale
        factor = (self.max_norm / (total + 1e-6)).clamp(max=1.0)
        for p in net.parameters():
            p.grad.mul_(factor)  # expect: clip-before-unscale

    def apply(self, loss, net, opt):
        opt.zero_grad()
        self.scaler.scale(loss).backward()
        self.limit(net)  # accept: clip-before-unscale
        self.scaler.step(opt)

    def iteration(self, real):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            fake = self.g(torch.randn(len(real), 4))
            d_loss = F.softplus(self.d(fake.detach())).mean() + F.softplus(-self.d(real)).mean()
        self.apply(d_loss, self.d, self.d_opt)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            g_loss = F.softplus(-self.d(fake)).mean()
        self.apply(g_loss, self.g, self.g_opt)
        self.scaler.update()
        return d_loss.item(), g_loss.item()


def main():
    torch.manual_seed(0)
    game = Adversary(max_norm=5.0)
    for step in range(50):
        angle = 6.283 * torch.rand(64)
        d_loss, g_loss = game.iteration(torch.stack([angle.cos(), angle.sin()], 1))
        if step % 10 == 0:
            print(f"step {step} d {d_loss:.3f} g {g_loss:.3f}")


if __name__ == "__main__":
    main()
