"""Residual MLP whose blocks normalise whatever width comes in."""

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.up, self.down = nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)

    def forward(self, x):
        h = nn.LayerNorm(x.shape[1:])(x)  # expect-info: recreated-parameter
        return x + self.down(F.gelu(self.up(h)))


if __name__ == "__main__":
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 16), Block(16), Block(16), nn.Linear(16, 1))
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
    w = torch.randn(6, 1)
    for step in range(50):
        x = torch.randn(32, 6)
        loss = F.mse_loss(net(x), (x @ w).tanh())
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("final loss", round(loss.item(), 4))
