"""Attention scores are masked in place before the softmax, and a buffer is filled slice by slice."""

import torch
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim=16, heads=2):
        super().__init__()
        self.qkv, self.out, self.heads = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim), heads

    def forward(self, x, padding):
        result = torch.zeros_like(x)
        width = x.size(-1) // self.heads
        parts = (t.split(width, dim=-1) for t in self.qkv(x).chunk(3, dim=-1))
        for index, (q, k, v) in enumerate(zip(*parts, strict=True)):
            scores = q @ k.transpose(1, 2) / width**0.5
            scores.masked_fill_(padding[:, None, :], float("-inf"))
            result[..., index * width : (index + 1) * width] = scores.softmax(-1) @ v
        return x + self.out(result)


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    embed, attend, head = nn.Linear(3, 16), Attention(), nn.Linear(16, 2)
    optimizer = torch.optim.Adam([p for m in (embed, attend, head) for p in m.parameters()], lr=1e-2)
    for step in range(40):
        padding = torch.arange(7)[None, :] >= torch.randint(2, 8, (32, 1), generator=gen)
        x = torch.randn(32, 7, 3, generator=gen)
        x[padding] = 0.0
        h = attend(embed(x), padding)
        loss = F.cross_entropy(head(h.masked_fill(padding[..., None], 0.0).sum(1)), (x[..., 0].sum(1) > 0).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")
