"""Masked language modelling: fifteen per cent of the tokens carry a label."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def mask_tokens(ids, mask_id, probability=0.15):
    chosen = torch.bernoulli(torch.full(ids.shape, probability)).bool()
    labels = ids.masked_fill(~chosen, -100)
    return ids.masked_fill(chosen, mask_id), labels


class Encoder(nn.Module):
    def __init__(self, vocab=9, dim=32, length=12):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocab, dim), nn.Parameter(0.1 * torch.randn(length, dim))
        self.layer = nn.TransformerEncoderLayer(dim, 4, 64, dropout=0.0, batch_first=True)
        self.head = nn.Linear(dim, vocab)

    def forward(self, ids):
        return self.head(self.layer(self.tok(ids) + self.pos))


def main():
    torch.manual_seed(0)
    model = Encoder()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(60):
        ids = (torch.randint(0, 8, (64, 1)) + torch.arange(12)) % 8
        masked, labels = mask_tokens(ids, mask_id=8)
        loss = F.cross_entropy(model(masked).transpose(1, 2), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
