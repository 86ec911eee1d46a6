"""Auto-decoder at test time: every scene gets a fresh latent parameter and its own short optimisation."""

import torch
import torch.nn.functional as F
from torch import nn


class Decoder(nn.Module):
    def __init__(self, code=4):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(code + 1, 32), nn.Softplus(), nn.Linear(32, 1))

    def forward(self, z, t):
        return self.net(torch.cat([z.expand(len(t), -1), t], dim=1))


def scene():
    a, f = torch.rand(2) * 2 + 0.5
    t = torch.linspace(0, 3, 24)[:, None]
    return t, a * torch.sin(f * t)


def fit_code(decoder, t, y, steps=15):
    z = nn.Parameter(0.01 * torch.randn(1, 4))
    optimizer = torch.optim.Adam([z], lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(decoder(z, t), y) + 1e-3 * z.pow(2).sum()
        loss.backward()
        optimizer.step()
    return z.detach(), loss.item()


def main():
    torch.manual_seed(0)
    decoder = Decoder()
    codes = nn.Embedding(8, 4)
    scenes = [scene() for _ in range(8)]
    optimizer = torch.optim.Adam([*decoder.parameters(), *codes.parameters()], lr=1e-2)
    for step in range(40):
        i = step % 8
        t, y = scenes[i]
        loss = F.mse_loss(decoder(codes.weight[i : i + 1], t), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    decoder.requires_grad_(False)
    for k in range(3):
        t, y = scene()
        print(f"scene {k}: {fit_code(decoder, t, y)[1]:.4f}")


if __name__ == "__main__":
    main()
