"""A tiny language model: output weights tied to the embedding, one block reused in depth."""

import torch
import torch.nn.functional as F
from torch import nn


class Universal(nn.Module):
    def __init__(self, vocab=16, dim=24, depth=3):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.pos = nn.Parameter(0.02 * torch.randn(1, 12, dim))
        block = nn.TransformerEncoderLayer(dim, 2, 48, dropout=0.0, batch_first=True, norm_first=True)
        self.layers = nn.ModuleList([block] * depth)
        self.norm = nn.LayerNorm(dim)
        self.decoder = nn.Linear(dim, vocab, bias=False)
        self.decoder.weight = self.emb.weight

    def forward(self, ids):
        x = self.emb(ids) + self.pos[:, : ids.shape[1]]
        mask = nn.Transformer.generate_square_subsequent_mask(ids.shape[1])
        for layer in self.layers:
            x = layer(x, src_mask=mask, is_causal=True)
        return self.decoder(self.norm(x))


def main():
    torch.manual_seed(0)
    model = Universal()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(25):
        start, stride = torch.randint(0, 16, (16, 1)), torch.randint(1, 4, (16, 1))
        ids = (start + stride * torch.arange(12)) % 16
        loss = F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 8 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
