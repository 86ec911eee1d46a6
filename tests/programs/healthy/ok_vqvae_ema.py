"""VQ-VAE with straight-through codes and a codebook maintained by moving averages."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Codebook(nn.Module):
    def __init__(self, size=16, dim=4, decay=0.9):
        super().__init__()
        self.decay = decay
        self.register_buffer("codes", torch.randn(size, dim))
        self.register_buffer("count", torch.ones(size))
        self.register_buffer("total", self.codes.clone())

    def forward(self, z):
        index = torch.cdist(z.detach(), self.codes).argmin(-1)
        quantized = self.codes[index]
        if self.training:
            with torch.no_grad():
                onehot = F.one_hot(index, len(self.codes)).float()
                self.count.mul_(self.decay).add_(onehot.sum(0), alpha=1 - self.decay)
                self.total.mul_(self.decay).add_(onehot.t() @ z, alpha=1 - self.decay)
                self.codes.copy_(self.total / self.count.clamp(min=1e-3)[:, None])
        commitment = F.mse_loss(z, quantized)
        return z + (quantized - z).detach(), commitment


class VQVAE(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(dim, 24), nn.ReLU(), nn.Linear(24, 4))
        self.book = Codebook()
        self.dec = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, dim))

    def forward(self, x):
        code, commitment = self.book(self.enc(x))
        return F.mse_loss(self.dec(code), x) + 0.25 * commitment


if __name__ == "__main__":
    torch.manual_seed(0)
    centres = torch.randn(6, 8)
    model = VQVAE()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(60):
        x = centres[torch.randint(0, 6, (64,))] + 0.1 * torch.randn(64, 8)
        loss = model(x)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 15 == 0:
            print(step, round(loss.item(), 4))
