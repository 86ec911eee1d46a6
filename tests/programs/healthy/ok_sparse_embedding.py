"""Sparse word vectors with SparseAdam, a dense tower with Adam; most rows get no gradient in any one step."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class SkipGram(nn.Module):
    def __init__(self, vocab=500, dim=12):
        super().__init__()
        self.centre = nn.Embedding(vocab, dim, sparse=True)
        self.context = nn.Embedding(vocab, dim, sparse=True)
        self.bias = nn.Linear(dim, 1)

    def forward(self, c, o, negative):
        v = self.centre(c)
        positive = (v * self.context(o)).sum(-1) + self.bias(v).squeeze(-1)
        wrong = torch.einsum("bd,bnd->bn", v, self.context(negative)) + self.bias(v)
        return -(F.logsigmoid(positive).mean() + F.logsigmoid(-wrong).mean())


if __name__ == "__main__":
    torch.manual_seed(0)
    model = SkipGram()
    sparse = torch.optim.SparseAdam([model.centre.weight, model.context.weight], lr=0.05)
    dense = torch.optim.Adam(model.bias.parameters(), lr=0.01)
    for step in range(50):
        c = torch.randint(0, 40, (64,))
        loss = model(c, (c + 1) % 40, torch.randint(0, 40, (64, 4)))
        sparse.zero_grad()
        dense.zero_grad()
        loss.backward()
        sparse.step()
        dense.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))
