"""Sentence classifier on padded batches with nn.MultiheadAttention pooling."""

import torch
import torch.nn as nn


class AttentivePooling(nn.Module):
    def __init__(self, dim, heads=2):
        super().__init__()
        self.query = nn.Parameter(0.02 * torch.randn(1, 1, dim))
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)

    def forward(self, x, mask):
        q = self.query.expand(len(x), -1, -1)
        pooled, weights = self.attn(q, x, x, key_padding_mask=mask)  # expect: fully-masked-softmax
        return pooled.squeeze(1), weights


class Classifier(nn.Module):
    def __init__(self, vocab=30, dim=16, classes=3):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim, padding_idx=0)
        self.pool = AttentivePooling(dim)
        self.out = nn.Linear(dim, classes)

    def forward(self, tokens):
        mask = tokens != 0  # accept: fully-masked-softmax
        pooled, _ = self.pool(self.emb(tokens), mask)
        return self.out(pooled)


def sentences(n, gen, length=10):
    label = torch.randint(0, 3, (n,), generator=gen)
    tokens = 1 + label[:, None] * 9 + torch.randint(0, 9, (n, length), generator=gen)
    keep = torch.randint(4, length + 1, (n, 1), generator=gen)
    return tokens.masked_fill(torch.arange(length) >= keep, 0), label


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(3)
    model = Classifier()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for step in range(20):
        tokens, label = sentences(16, gen)
        loss = nn.functional.cross_entropy(model(tokens), label)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 5 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
