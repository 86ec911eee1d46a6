"""Transformer encoder with reentrant checkpointing; the blocks are fed by a trainable embedding."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint


class CheckpointedEncoder(nn.Module):
    def __init__(self, vocab=25, dim=16, layers=2, classes=3):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(dim, 2, 32, dropout=0.0, batch_first=True) for _ in range(layers)
        )
        self.head = nn.Linear(dim, classes)

    def forward(self, tokens):
        x = self.embed(tokens)
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=True)
        return self.head(x.mean(1))


def batch(n, gen):
    tokens = torch.randint(0, 25, (n, 8), generator=gen)
    return tokens, (tokens < 8).sum(1).clamp(max=2)


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = CheckpointedEncoder()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(40):
        tokens, labels = batch(32, gen)
        loss = F.cross_entropy(model(tokens), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")
