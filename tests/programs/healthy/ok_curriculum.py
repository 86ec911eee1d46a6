"""Sequence reversal with a curriculum: every stage is harder, so the loss jumps up."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Reverser(nn.Module):
    def __init__(self, vocab=8, dim=32):
        super().__init__()
        self.emb = nn.Embedding(vocab + 1, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * dim, vocab)

    def forward(self, x):
        return self.out(self.rnn(self.emb(x))[0])


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Reverser()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for length in (2, 4, 8):
        for step in range(20):
            x = torch.randint(0, 8, (32, length))
            loss = F.cross_entropy(model(x).transpose(1, 2), x.flip(1))
            opt.zero_grad()
            loss.backward()
            opt.step()
            if step % 10 == 0:
                print(f"length {length} step {step} loss {loss.item():.3f}")
