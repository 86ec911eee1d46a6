"""Gated skip connections in a small U-Net for 1-D signals."""

import torch
import torch.nn.functional as F
from torch import nn


class Gate(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 1)

    def forward(self, x, skip):
        gate = torch.sigmoid(self.conv(x))
        gate *= skip  # expect: in-place-write
        return x + gate


class UNet1d(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.enter = nn.Conv1d(1, width, 3, padding=1)
        self.down = nn.Conv1d(width, width, 4, stride=2, padding=1)
        self.up = nn.ConvTranspose1d(width, width, 4, stride=2, padding=1)
        self.gate = Gate(width)
        self.leave = nn.Conv1d(width, 1, 1)

    def forward(self, x):
        high = F.elu(self.enter(x))
        low = F.elu(self.down(high))
        return self.leave(self.gate(F.elu(self.up(low)), high))


def main():
    torch.manual_seed(0)
    t = torch.linspace(0, 6.28, 32)
    model = UNet1d()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(30):
        clean = torch.sin(t * (1 + torch.rand(16, 1)) + torch.rand(16, 1)).unsqueeze(1)
        loss = F.mse_loss(model(clean + 0.3 * torch.randn_like(clean)), clean)
        optimizer.zero_grad()
        loss.backward()  # accept: in-place-write
        optimizer.step()
        print(f"step {step} mse {loss.item():.4f}")


if __name__ == "__main__":
    main()
