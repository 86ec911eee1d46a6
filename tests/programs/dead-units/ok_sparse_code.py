"""Sparse autoencoder: few of many ReLU features are on for any one input, nearly all are on for some."""

import torch
import torch.nn as nn


class SAE(nn.Module):
    def __init__(self, dim=12, features=48):
        super().__init__()
        self.enc = nn.Linear(dim, features)
        self.dec = nn.Linear(features, dim)
        nn.init.constant_(self.enc.bias, -0.8)

    def forward(self, x):
        code = torch.relu(self.enc(x - self.dec.bias))
        return self.dec(code), code


if __name__ == "__main__":
    torch.manual_seed(0)
    atoms = torch.randn(20, 12)
    model = SAE()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(60):
        weights = torch.rand(128, 20) * (torch.rand(128, 20) < 0.1)
        x = weights @ atoms
        recon, code = model(x)
        loss = (recon - x).pow(2).mean() + 0.01 * code.mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 15 == 0:
            print(f"{step} loss {loss.item():.4f} active {(code > 0).float().mean().item():.3f}")
