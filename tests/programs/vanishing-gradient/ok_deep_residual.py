"""Thirty sigmoid-gated residual layers with LayerNorm."""

import torch
import torch.nn as nn


class GatedResidual(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm, self.fc = nn.LayerNorm(dim), nn.Linear(dim, 2 * dim)

    def forward(self, x):
        value, gate = self.fc(self.norm(x)).chunk(2, -1)
        return x + value * torch.sigmoid(gate)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 12), *[GatedResidual(12) for _ in range(30)], nn.Linear(12, 1))
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for step in range(25):
        x = torch.randn(32, 6)
        loss = (model(x).squeeze(1) - x[:, 0] * x[:, 1]).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 6 == 0:
            print(step, round(loss.item(), 4))
