"""Sequence copying with the learning-rate rule of the first transformer paper."""

import torch
import torch.nn.functional as F
from torch import nn


class NoamOpt:
    def __init__(self, dim, warmup, optimizer):
        self.optimizer, self.dim, self.warmup = optimizer, dim, warmup
        self.steps = 0

    def rate(self, step):
        return self.dim**-0.5 * min(max(step, 1) ** -0.5, step * self.warmup**-1.5)

    def step(self):
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(self.steps)  # expect: zero-learning-rate
        self.optimizer.step()  # accept: zero-learning-rate
        self.optimizer.zero_grad()


class Copier(nn.Module):
    def __init__(self, vocab=8, dim=16):
        super().__init__()
        self.emb, self.pos = nn.Embedding(vocab, dim), nn.Embedding(6, dim)
        self.attn = nn.MultiheadAttention(dim, 2, batch_first=True)
        self.out = nn.Linear(dim, vocab)

    def forward(self, ids):
        x = self.emb(ids) + self.pos.weight
        return self.out(x + self.attn(x, x, x)[0])


def main():
    torch.manual_seed(0)
    model = Copier()
    adam = torch.optim.Adam(model.parameters(), lr=0, betas=(0.9, 0.98), eps=1e-9)  # accept: zero-learning-rate
    trainer = NoamOpt(16, 20, adam)
    for step in range(40):
        ids = torch.randint(0, 8, (16, 6))
        loss = F.cross_entropy(model(ids).flatten(0, 1), ids.flip(1).flatten())
        loss.backward()
        trainer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
