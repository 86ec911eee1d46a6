"""VQ-VAE on toy curves: nearest code by argmin, straight-through gradient, codebook and commitment losses."""

import torch
import torch.nn.functional as F
from torch import nn


class Quantizer(nn.Module):
    def __init__(self, codes=16, dim=4, beta=0.5):
        super().__init__()
        self.codebook = nn.Embedding(codes, dim)
        nn.init.uniform_(self.codebook.weight, -0.5, 0.5)
        self.beta = beta

    def forward(self, z):
        with torch.no_grad():
            index = torch.cdist(z, self.codebook.weight).argmin(1)
        code = self.codebook(index)
        loss = F.mse_loss(code, z.detach()) + self.beta * F.mse_loss(z, code.detach())
        return z + (code - z).detach(), loss, index


class VQVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))
        self.quantizer = Quantizer()
        self.decoder = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 16))

    def forward(self, x):
        code, loss, index = self.quantizer(self.encoder(x))
        return self.decoder(code), loss, index


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    t = torch.linspace(0, 6.28, 16)
    model = VQVAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(60):
        x = torch.sin(t + 6.28 * torch.rand(48, 1, generator=gen))
        recon, vq, index = model(x)
        loss = F.mse_loss(recon, x) + vq
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 15 == 14:
            print(f"step {step + 1} recon {F.mse_loss(recon, x).item():.4f} codes used {index.unique().numel()}")
