"""Robust denoising autoencoder with an input-gradient term."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class AutoEncoder(nn.Module):
    def __init__(self, dim=16, code=4):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Linear(32, code))
        self.decoder = nn.Sequential(nn.Linear(code, 32), nn.ReLU(), nn.Linear(32, dim))

    def forward(self, x):
        return self.decoder(self.encoder(x))


def corrupt(x, sigma=0.2):
    return (x + sigma * torch.randn_like(x)).requires_grad_(True)


def main():
    torch.manual_seed(0)
    basis = torch.randn(4, 16)
    model = AutoEncoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(50):
        clean = torch.randn(32, 4) @ basis
        noisy = corrupt(clean)
        restored = model(noisy)
        loss = F.mse_loss(noisy, clean)  # expect: loss-ignores-model
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            sensitivity = noisy.grad.norm().item()
            print(f"step {step} loss {loss.item():.4f} {sensitivity:.4f} {restored.std().item():.3f}")


if __name__ == "__main__":
    main()
