"""Local causal attention through scaled_dot_product_attention with a boolean band mask."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class LocalBlock(nn.Module):
    def __init__(self, dim=16, window=4):
        super().__init__()
        self.window = window
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        t = x.shape[1]
        band = torch.ones(t, t, dtype=torch.bool).tril().triu(-self.window)
        q, k, v = self.qkv(x).unsqueeze(1).chunk(3, -1)
        return x + self.out(F.scaled_dot_product_attention(q, k, v, attn_mask=band).squeeze(1))


class Series(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.Linear(1, 16)
        self.blocks = nn.ModuleList(LocalBlock() for _ in range(2))
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        h = self.inp(x)
        for block in self.blocks:
            h = block(h)
        return self.out(h)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Series()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(30):
        t = torch.arange(21.0) * 0.4 + 6.28 * torch.rand(16, 1)
        wave = torch.sin(t)[..., None]
        loss = F.mse_loss(model(wave[:, :-1]), wave[:, 1:])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 4))
