"""Skip-gram with negative sampling on sparse embeddings: only few rows have a gradient, some words never occur."""

import torch
import torch.nn.functional as F
from torch import nn


class SkipGram(nn.Module):
    def __init__(self, vocab=200, dim=12):
        super().__init__()
        self.inp = nn.Embedding(vocab, dim, sparse=True, padding_idx=0)
        self.out = nn.Embedding(vocab, dim, sparse=True)
        self.temperature = nn.Parameter(torch.ones(1))

    def forward(self, center, context, negative):
        h = self.inp(center)
        pos = (h * self.out(context)).sum(-1)
        neg = torch.einsum("bd,bkd->bk", h, self.out(negative))
        return -(F.logsigmoid(self.temperature * pos) + F.logsigmoid(-self.temperature * neg).sum(-1)).mean()


def main():
    torch.manual_seed(0)
    model = SkipGram()
    sparse = torch.optim.SparseAdam([model.inp.weight, model.out.weight], lr=0.05)
    dense = torch.optim.SGD([model.temperature], lr=0.01)
    for step in range(40):
        center = torch.randint(1, 60, (32,))
        context = center // 10 * 10 + torch.randint(0, 10, (32,))
        loss = model(center, context, torch.randint(1, 60, (32, 4)))
        sparse.zero_grad()
        dense.zero_grad()
        loss.backward()
        sparse.step()
        dense.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
