"""Fine-tune a small causal language model in half the memory."""

import torch
import torch.nn.functional as F
from torch import nn


class TinyLM(nn.Module):
    def __init__(self, vocab=16, dim=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.ln1, self.ln2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, 2, batch_first=True, bias=False)
        self.ff = nn.Sequential(nn.Linear(dim, 48, bias=False), nn.GELU(), nn.Linear(48, dim, bias=False))
        self.head = nn.Linear(dim, vocab, bias=False)

    def forward(self, ids):
        x = self.emb(ids)
        causal = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).triu(1)
        h = self.ln1(x)
        x = x + self.attn(h, h, h, attn_mask=causal, need_weights=False)[0]
        return self.head(x + self.ff(self.ln2(x)))


def load(args):
    model = TinyLM()
    return model.to(dtype=getattr(torch, args["dtype"]))  # expect: update-lost-to-rounding


def main():
    torch.manual_seed(0)
    args = {"dtype": "bfloat16", "lr": 1e-5}  # accept: update-lost-to-rounding
    model = load(args)
    params = model.parameters()
    optimizer = torch.optim.AdamW(params, lr=args["lr"], weight_decay=0.0)  # accept: update-lost-to-rounding
    for step in range(30):
        ids = (torch.randint(0, 16, (16, 1)) + 3 * torch.arange(9)) % 16
        logits = model(ids[:, :-1])
        loss = F.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
