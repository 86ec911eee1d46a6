"""Diffusion transformer in miniature: adaLN-Zero modulation and a zero-initialised output layer."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class DiTBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim, elementwise_affine=False)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(dim, 3 * dim))
        nn.init.zeros_(self.modulation[1].weight)
        nn.init.zeros_(self.modulation[1].bias)

    def forward(self, x, c):
        shift, scale, gate = self.modulation(c).chunk(3, -1)
        return x + gate * self.mlp(self.norm(x) * (1 + scale) + shift)


class TinyDiT(nn.Module):
    def __init__(self, dim=24, depth=2):
        super().__init__()
        self.embed, self.time = nn.Linear(2, dim), nn.Linear(1, dim)
        self.blocks = nn.ModuleList(DiTBlock(dim) for _ in range(depth))
        self.final = nn.Linear(dim, 2)
        nn.init.zeros_(self.final.weight)
        nn.init.zeros_(self.final.bias)

    def forward(self, x, t):
        h, c = self.embed(x), self.time(t)
        for block in self.blocks:
            h = block(h, c)
        return self.final(h)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = TinyDiT()
    opt = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(50):
        data = torch.randn(64, 2) * torch.tensor([0.2, 0.1]) + torch.tensor([1.0, -1.0])
        noise, t = torch.randn_like(data), torch.rand(64, 1)
        loss = F.mse_loss(model((1 - t) * data + t * noise, t), noise - data)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))
