"""Diffusion-like denoiser of 1-D points with an exponential moving average of the weights."""

import torch
import torch.nn.functional as F
from torch import nn


class Ema:
    def __init__(self, model, decay):
        self.model, self.decay = model, decay
        self.shadow = [p.detach().clone() for p in model.parameters()]

    @torch.no_grad()
    def update(self):
        for s, p in zip(self.shadow, self.model.parameters()):
            s.lerp_(p, 1 - self.decay)
            p.data.copy_(s)  # expect: overwritten-parameters


class EpsNet(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, 1)
        )

    def forward(self, x, t):
        return self.net(torch.cat([x, t], dim=1))


def main():
    torch.manual_seed(0)
    net = EpsNet()
    ema = Ema(net, decay=0.995)
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for step in range(60):
        x0 = torch.where(torch.rand(64, 1) < 0.5, -1.0, 1.0) + 0.1 * torch.randn(64, 1)
        t, noise = torch.rand(64, 1), torch.randn(64, 1)
        xt = torch.cos(t * 1.57) * x0 + torch.sin(t * 1.57) * noise
        loss = F.mse_loss(net(xt, t), noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ema.update()  # accept: overwritten-parameters
        if step % 15 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
