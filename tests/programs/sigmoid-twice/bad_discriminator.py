"""DCGAN-like toy on 8x8 blobs."""

import torch
import torch.nn as nn


class Generator(nn.Module):
    def __init__(self, z=8):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(z, 64), nn.ReLU(), nn.Unflatten(1, (4, 4, 4)), nn.ConvTranspose2d(4, 1, 2, 2), nn.Sigmoid()
        )

    def forward(self, z):
        return self.net(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(256, 1),
            nn.Sigmoid(),  # expect: sigmoid-twice
        )

    def forward(self, x):
        return self.main(x).view(-1)


def blobs(n):
    c = torch.rand(n, 2, 1, 1) * 4 + 2
    r = torch.arange(8.0)
    return torch.exp(-((r.view(1, 8, 1) - c[:, 0]) ** 2 + (r.view(1, 1, 8) - c[:, 1]) ** 2) / 3).unsqueeze(1)


def main():
    torch.manual_seed(0)
    gen, dis = Generator(), Discriminator()
    criterion = nn.BCEWithLogitsLoss()
    opt_g = torch.optim.Adam(gen.parameters(), lr=2e-3, betas=(0.5, 0.999))
    opt_d = torch.optim.Adam(dis.parameters(), lr=2e-3, betas=(0.5, 0.999))
    real_label, fake_label = torch.ones(32), torch.zeros(32)
    for step in range(40):
        fake = gen(torch.randn(32, 8))
        opt_d.zero_grad()
        d_real = criterion(dis(blobs(32)), real_label)  # accept: sigmoid-twice
        d_fake = criterion(dis(fake.detach()), fake_label)  # accept: sigmoid-twice
        (d_real + d_fake).backward()
        opt_d.step()
        opt_g.zero_grad()
        g_loss = criterion(dis(fake), real_label)  # accept: sigmoid-twice
        g_loss.backward()
        opt_g.step()
        if step % 10 == 0:
            print(f"step {step} d {(d_real + d_fake).item():.3f} g {g_loss.item():.3f}")


if __name__ == "__main__":
    main()
