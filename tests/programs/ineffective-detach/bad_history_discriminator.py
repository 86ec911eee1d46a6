"""Generate 1-D signals with a GAN; the batch of fakes is reused for both updates."""

import torch
from torch import nn


class Generator(nn.Module):
    def __init__(self, latent=6, length=16):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(latent, 32), nn.ReLU(), nn.Linear(32, length), nn.Tanh())

    def forward(self, z):
        return self.net(z)


class Discriminator(nn.Module):
    def __init__(self, length=16):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(length, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))

    def forward(self, x):
        return self.net(x).squeeze(-1)


class Trainer:
    def __init__(self):
        self.g, self.d = Generator(), Discriminator()
        self.opt_g = torch.optim.Adam(self.g.parameters(), lr=2e-3)
        self.opt_d = torch.optim.Adam(self.d.parameters(), lr=2e-3)
        self.bce = nn.BCEWithLogitsLoss()

    def discriminator_step(self, real, fake):
        fake.detach()  # expect: ineffective-detach, graph-reuse
        on_real, on_fake = self.d(real), self.d(fake)  # accept: ineffective-detach, graph-reuse
        loss = self.bce(on_real, torch.ones_like(on_real)) + self.bce(on_fake, torch.zeros_like(on_fake))
        self.opt_d.zero_grad()
        loss.backward()  # accept: graph-reuse
        self.opt_d.step()
        return loss.item()

    def generator_step(self, fake):
        score = self.d(fake)
        loss = self.bce(score, torch.ones_like(score))
        self.opt_g.zero_grad()
        loss.backward()  # accept: graph-reuse
        self.opt_g.step()
        return loss.item()


def main():
    torch.manual_seed(0)
    trainer, t = Trainer(), torch.linspace(0, 6.28, 16)
    for step in range(40):
        real = torch.sin(t + 6.28 * torch.rand(32, 1))
        fake = trainer.g(torch.randn(32, 6))
        d = trainer.discriminator_step(real, fake)
        g = trainer.generator_step(fake)
        if step % 10 == 9:
            print(f"step {step + 1} D {d:.4f} G {g:.4f}")


if __name__ == "__main__":
    main()
