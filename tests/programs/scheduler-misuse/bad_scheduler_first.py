"""Denoising autoencoder with a milestone schedule, ported from an old code base."""

import torch
import torch.nn.functional as F
from torch import nn


class Denoiser(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.enc, self.dec = nn.Linear(dim, 8), nn.Linear(8, dim)

    def forward(self, x):
        return self.dec(F.silu(self.enc(x)))


def train(net, epochs, batches):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.3, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[1, 5], gamma=0.1)
    basis = torch.randn(4, 16)
    for epoch in range(epochs):
        scheduler.step()  # expect: scheduler-misuse
        total = 0.0
        for _ in range(batches):
            clean = torch.randn(32, 4) @ basis / 2
            loss = F.mse_loss(net(clean + 0.3 * torch.randn_like(clean)), clean)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()  # accept: scheduler-misuse
            total += loss.item()
        print(f"epoch {epoch} lr {optimizer.param_groups[0]['lr']:.4f} loss {total / batches:.4f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    train(Denoiser(), epochs=8, batches=6)
