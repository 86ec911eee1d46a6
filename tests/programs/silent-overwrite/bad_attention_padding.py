"""Attention pooling over variable-length sequences; padded positions get no weight."""

import torch
import torch.nn.functional as F
from torch import nn


class AttentionPool(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.key, self.value = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.query = nn.Parameter(torch.randn(dim) / dim**0.5)

    def forward(self, x, lengths):
        weights = torch.softmax(self.key(x) @ self.query, dim=1)
        padding = torch.arange(x.size(1)) >= lengths[:, None]
        weights.data[padding] = 0.0  # expect: silent-overwrite
        return (weights.unsqueeze(-1) * self.value(x)).sum(1)


class Classifier(nn.Module):
    def __init__(self, vocab=20, dim=16, classes=3):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.pool = AttentionPool(dim)
        self.head = nn.Linear(dim, classes)

    def forward(self, tokens, lengths):
        return self.head(self.pool(self.embed(tokens), lengths))


def batch(n, gen):
    lengths = torch.randint(2, 9, (n,), generator=gen)
    tokens = torch.randint(1, 20, (n, 8), generator=gen)
    tokens[torch.arange(8) >= lengths[:, None]] = 0
    return tokens, lengths, (tokens >= 10).sum(1).clamp(max=2)


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(40):
        tokens, lengths, y = batch(32, gen)
        loss = F.cross_entropy(model(tokens, lengths), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
