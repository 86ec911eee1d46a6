"""Zero-shot style classifier: class descriptions are encoded by a trainable text encoder."""

import functools

import torch
import torch.nn.functional as F
from torch import nn


class TextEncoder(nn.Module):
    def __init__(self, vocab=30, dim=16):
        super().__init__()
        self.table = nn.EmbeddingBag(vocab, dim)
        self.project = nn.Sequential(nn.Linear(dim, dim), nn.Tanh(), nn.Linear(dim, dim))
        self.describe = functools.lru_cache(maxsize=64)(self.encode)  # expect: graph-reuse

    def encode(self, tokens):
        return F.normalize(self.project(self.table(torch.tensor([tokens]))), dim=-1)[0]  # accept: graph-reuse


class ZeroShot(nn.Module):
    def __init__(self, descriptions, features=10):
        super().__init__()
        self.text = TextEncoder()
        self.image = nn.Linear(features, 16)
        self.descriptions = descriptions

    def forward(self, x):
        classes = torch.stack([self.text.describe(tokens) for tokens in self.descriptions])  # accept: graph-reuse
        return 10 * F.normalize(self.image(x), dim=-1) @ classes.t()


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = ZeroShot([(1, 4, 9), (2, 4, 17), (3, 25, 6), (8, 11, 29)])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(30):
        x = torch.randn(32, 10, generator=gen)
        loss = F.cross_entropy(model(x), x[:, :4].argmax(1))
        optimizer.zero_grad()
        loss.backward()  # accept: graph-reuse
        optimizer.step()
        print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
