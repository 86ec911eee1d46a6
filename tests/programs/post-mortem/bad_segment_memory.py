"""Transformer-XL-like language model: every layer attends to the hidden states of the previous segment."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class RecurrentLayer(nn.Module):
    def __init__(self, dim, heads=2):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x, memory):
        context = x if memory is None else torch.cat([memory, x], 1)
        n, m = x.shape[1], context.shape[1]
        mask = torch.ones(n, m, dtype=torch.bool).triu(m - n + 1)
        return self.norm(x + self.attn(x, context, context, attn_mask=mask, need_weights=False)[0])


class XL(nn.Module):
    def __init__(self, vocab=16, dim=16, depth=2):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.layers = nn.ModuleList(RecurrentLayer(dim) for _ in range(depth))
        self.head = nn.Linear(dim, vocab)

    def forward(self, ids, mems):
        x, kept = self.emb(ids), []
        for layer, memory in zip(self.layers, mems):
            kept.append(x[:, -4:])  # expect: graph-reuse
            x = layer(x, memory)
        return self.head(x), kept  # accept: graph-reuse


def main():
    torch.manual_seed(0)
    text = (torch.arange(120) * 3 + torch.randint(0, 16, (4, 1))) % 16
    model = XL()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    mems = [None, None]
    for at in range(0, 112, 8):
        logits, mems = model(text[:, at : at + 8], mems)  # accept: graph-reuse
        loss = F.cross_entropy(logits.transpose(1, 2), text[:, at + 1 : at + 9])
        optimizer.zero_grad()
        loss.backward()  # accept: graph-reuse
        optimizer.step()
        print(f"segment {at // 8} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
