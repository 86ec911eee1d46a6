"""Conditional GAN; the generated batch is scored once to save time."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def mlp(*sizes):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


class CGAN:
    def __init__(self, classes=3):
        self.classes = classes
        self.g, self.d = mlp(4 + classes, 32, 2), mlp(2 + classes, 32, 1)
        self.g_opt = torch.optim.Adam(self.g.parameters(), lr=1e-3)
        self.d_opt = torch.optim.Adam(self.d.parameters(), lr=1e-3)

    def score(self, x, c):
        return self.d(torch.cat([x, c], 1))

    def step(self, real, c):
        fake = self.g(torch.cat([torch.randn(len(c), 4), c], 1))
        real_score, fake_score = self.score(real, c), self.score(fake, c)  # accept: graph-reuse, in-place-write
        d_loss = F.softplus(-real_score).mean() + F.softplus(fake_score).mean()
        self.d_opt.zero_grad()
        d_loss.backward()  # accept: graph-reuse
        self.d_opt.step()

        g_loss = F.softplus(-fake_score).mean()  # expect: graph-reuse
        self.g_opt.zero_grad()
        g_loss.backward()  # accept: graph-reuse
        self.g_opt.step()
        return d_loss.item(), g_loss.item()


def main():
    torch.manual_seed(0)
    gan = CGAN()
    centers = torch.tensor([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]])
    for step in range(30):
        y = torch.randint(0, 3, (32,))
        d_loss, g_loss = gan.step(centers[y] + 0.1 * torch.randn(32, 2), F.one_hot(y, 3).float())
        if step % 10 == 0:
            print(f"step {step} d {d_loss:.3f} g {g_loss:.3f}")


if __name__ == "__main__":
    main()
