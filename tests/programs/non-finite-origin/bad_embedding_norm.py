"""Cosine retrieval of documents by bags of word vectors; padding words have the zero vector."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def l2_normalize(x):
    length = torch.sqrt(torch.sum(torch.pow(x, 2), dim=-1, keepdim=True))  # expect: non-finite-origin
    return x / (length + 1e-6)


class TokenEncoder(nn.Module):
    def __init__(self, vocab=40, dim=16):
        super().__init__()
        self.words = nn.Embedding(vocab, dim, padding_idx=0)
        self.rotate = nn.Linear(dim, dim, bias=False)

    def forward(self, tokens):
        vectors = l2_normalize(self.rotate(self.words(tokens)))
        return vectors.sum(1)


def pairs(gen, n=16, length=8):
    topic = torch.randint(0, 3, (n, 1), generator=gen)
    docs = 1 + topic * 13 + torch.randint(0, 13, (n, length), generator=gen)
    query = 1 + topic * 13 + torch.randint(0, 13, (n, length), generator=gen)
    lengths = torch.randint(3, length + 1, (n, 1), generator=gen)
    return query, docs.masked_fill(torch.arange(length) >= lengths, 0)


def main():
    torch.manual_seed(1)
    gen = torch.Generator().manual_seed(2)
    model = TokenEncoder()
    opt = torch.optim.Adagrad(model.parameters(), lr=0.05)
    for i in range(20):
        query, docs = pairs(gen)
        scores = model(query) @ model(docs).t()
        loss = F.cross_entropy(scores, torch.arange(len(query)))
        opt.zero_grad()
        loss.backward()
        opt.step()
        if i % 5 == 0:
            print(i, round(loss.item(), 4))


if __name__ == "__main__":
    main()
