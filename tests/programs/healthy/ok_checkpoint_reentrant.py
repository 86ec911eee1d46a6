"""Reentrant activation checkpointing over frozen embeddings; the input to the blocks is made to require grad."""

import io

import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint


class Model(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.emb = nn.Embedding(12, dim)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(dim, 32), nn.GELU(), nn.Linear(32, dim)) for _ in range(3))
        self.out = nn.Linear(dim, 2)

    def forward(self, tokens):
        x = self.emb(tokens).mean(1)
        if self.training and not x.requires_grad:
            x.requires_grad_(True)
        for block in self.blocks:
            x = x + checkpoint(block, x, use_reentrant=True)
        return self.out(x)


if __name__ == "__main__":
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.save(nn.Embedding(12, 16).state_dict(), file)
    file.seek(0)
    model = Model()
    model.emb.load_state_dict(torch.load(file))
    model.emb.weight.requires_grad_(False)
    opt = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=5e-3)
    for step in range(30):
        tokens = torch.randint(0, 12, (32, 5))
        loss = nn.functional.cross_entropy(model(tokens), (tokens.sum(1) > 27).long())
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))
