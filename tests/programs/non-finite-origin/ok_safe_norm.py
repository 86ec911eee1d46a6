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
    model, head = Sphere(), nn.Linear(8, 3)
    opt = torch.optim.Adam([*model.parameters(), *head.parameters()], lr=0.02)
    for i in range(40):
        label = torch.randint(0, 3, (32, 1))
        tokens = 1 + label * 9 + torch.randint(0, 9, (32, 6))
        tokens[:, 4:] = 0
        z = model(tokens)
        loss = F.cross_entropy(head(z), label[:, 0]) + 0.1 * uniformity(z)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if i % 10 == 0:
            print(i, round(loss.item(), 4))
