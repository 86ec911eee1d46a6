"""A linear probe follows an autoencoder; it reads features that were detached where they are handed over."""

import torch
import torch.nn.functional as F
from torch import nn


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 6))
        self.decoder = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 16))

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code), code


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    basis = torch.randn(4, 16, generator=gen)
    model, probe = Autoencoder(), nn.Linear(6, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    probe_optimizer = torch.optim.Adam(probe.parameters(), lr=2e-2)
    for step in range(60):
        factors = torch.randn(64, 4, generator=gen)
        x = factors @ basis
        recon, code = model(x)
        loss = F.mse_loss(recon, x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        probe_loss = F.cross_entropy(probe(code.detach()), (factors[:, 0] > 0).long())
        probe_optimizer.zero_grad()
        probe_loss.backward()
        probe_optimizer.step()
        if step % 15 == 14:
            print(f"step {step + 1} recon {loss.item():.4f} probe {probe_loss.item():.4f}")
