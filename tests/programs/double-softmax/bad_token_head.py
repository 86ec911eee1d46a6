"""Token tagging with a small transformer encoder; the head is shared with the exporter."""

import torch
import torch.nn as nn


class TagHead(nn.Module):
    def __init__(self, dim, tags, dropout=0.1):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.proj = nn.Linear(dim, tags)

    def forward(self, h):
        scores = self.proj(self.drop(h))
        return torch.softmax(scores, dim=-1)  # expect: double-softmax


class Tagger(nn.Module):
    def __init__(self, vocab=30, dim=24, tags=3):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.encoder = nn.TransformerEncoderLayer(dim, 4, 48, dropout=0.0, batch_first=True)
        self.head = TagHead(dim, tags)

    def forward(self, ids):
        return self.head(self.encoder(self.emb(ids)))


class TokenLoss(nn.Module):
    def __init__(self, pad=-1):
        super().__init__()
        self.ce = nn.CrossEntropyLoss(ignore_index=pad, label_smoothing=0.05)

    def forward(self, scores, tags):
        flat = scores.view(-1, scores.size(-1))
        return self.ce(flat, tags.view(-1))  # accept: double-softmax


def main():
    torch.manual_seed(0)
    model, loss_fn = Tagger(), TokenLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(40):
        ids = torch.randint(0, 30, (16, 10))
        tags = (ids % 3).masked_fill(torch.rand(16, 10) < 0.1, -1)
        loss = loss_fn(model(ids), tags)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
