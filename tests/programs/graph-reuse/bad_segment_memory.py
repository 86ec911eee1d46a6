"""Transformer-XL style segments: each layer attends to the previous segment's hidden states as well."""

import torch
import torch.nn.functional as F
from torch import nn


class SegmentLayer(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.attend = nn.MultiheadAttention(dim, 2, batch_first=True)
        self.feed = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, dim), nn.GELU())

    def forward(self, x, memory):
        keys = x if memory is None else torch.cat([memory, x], dim=1)
        x = x + self.attend(x, keys, keys, need_weights=False)[0]
        return x + self.feed(x)


class SegmentTransformer(nn.Module):
    def __init__(self, vocab=16, dim=16, layers=2):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.layers = nn.ModuleList(SegmentLayer(dim) for _ in range(layers))
        self.out = nn.Linear(dim, vocab)
        self.memory = [None] * layers

    def forward(self, tokens):
        x = self.embed(tokens)
        for index, layer in enumerate(self.layers):
            previous, self.memory[index] = self.memory[index], x  # expect: graph-reuse
            x = layer(x, previous)  # accept: graph-reuse
        return self.out(x)


def main():
    torch.manual_seed(0)
    model = SegmentTransformer()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    stream = torch.randint(0, 16, (4, 30)).repeat(1, 10)
    for segment in range(0, 240, 12):
        tokens = stream[:, segment : segment + 13]
        loss = F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # accept: graph-reuse
        optimizer.step()
        print(f"segment {segment // 12} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
