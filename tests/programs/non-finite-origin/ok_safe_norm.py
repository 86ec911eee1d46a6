"""Hyperspherical embeddings with F.normalize, distances with an epsilon under the root."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Sphere(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(30, 12, padding_idx=0)
        self.proj = nn.Linear(12, 8, bias=False)

    def forward(self, tokens):
        return F.normalize(self.proj(self.words(tokens)), dim=-1).mean(1)


def uniformity(z, eps=1e-8):
    d2 = (z[:, None] - z[None]).pow(2).sum(-1)
    return torch.exp(-torch.sqrt(d2 + eps)).mean()


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Sphere()
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    for i in range(30):
        tokens = torch.randint(1, 30, (16, 6))
        tokens[:, 4:] = 0
        other = tokens.clone()
        other[:, 0] = torch.randint(1, 30, (16,))
        a, b = model(tokens), model(other)
        loss = (a - b).pow(2).sum(1).mean() + uniformity(a)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if i % 10 == 0:
            print(i, round(loss.item(), 4))
