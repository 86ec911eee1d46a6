"""Dual encoder for passage retrieval; passages are encoded in chunks to bound the activation memory."""

import torch
import torch.nn.functional as F
from torch import nn


class Encoder(nn.Module):
    def __init__(self, vocab, dim):
        super().__init__()
        self.table = nn.Embedding(vocab, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim))

    def forward(self, tokens):
        return F.normalize(self.mlp(self.table(tokens).mean(1)), dim=-1)


class Retriever(nn.Module):
    def __init__(self, vocab=200, dim=32, chunk=8):
        super().__init__()
        self.query = Encoder(vocab, dim)
        self.passage = Encoder(vocab, dim)
        self.chunk = chunk

    @torch.no_grad()  # expect: severed-gradient
    def iter_embeddings(self, passages):  # accept: severed-gradient
        """Embeddings chunk by chunk; the index of the whole collection is made of them."""
        for part in passages.split(self.chunk):
            yield self.passage(part)  # accept: severed-gradient

    def build_index(self, collection):
        return torch.cat(list(self.iter_embeddings(collection)))

    def forward(self, queries, passages):
        scores = self.query(queries) @ torch.cat(list(self.iter_embeddings(passages))).t()
        return F.cross_entropy(20 * scores, torch.arange(len(queries)))


def pairs(n, gen):
    passages = torch.randint(0, 200, (n, 12), generator=gen)
    return passages[:, torch.randperm(12, generator=gen)[:4]], passages


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = Retriever()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(40):
        loss = model(*pairs(24, gen))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")
    queries, passages = pairs(64, gen)
    hits = (model.query(queries) @ model.build_index(passages).t()).argmax(1) == torch.arange(64)
    print(f"top-1 {hits.float().mean():.3f}")


if __name__ == "__main__":
    main()
