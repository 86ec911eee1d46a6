"""Autoregressive attention over sensor tokens, AMP loop taken from another project."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class CausalAttention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        n = x.shape[1]
        q, k, v = self.qkv(x).chunk(3, -1)
        score = q @ k.transpose(1, 2) / x.shape[-1] ** 0.5
        mask = torch.ones(n, n, dtype=torch.bool).triu()  # expect: scale-collapse, fully-masked-softmax
        score = score.masked_fill(mask, float("-inf"))  # accept: scale-collapse, fully-masked-softmax
        return self.proj(score.softmax(-1) @ v)  # accept: scale-collapse, fully-masked-softmax


class Model(nn.Module):
    def __init__(self, vocab=16, dim=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.attn = CausalAttention(dim)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocab)

    def forward(self, ids):
        x = self.emb(ids)
        return self.head(self.norm(x + self.attn(x)))


def main():
    torch.manual_seed(0)
    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    scaler = torch.amp.GradScaler("cpu")
    seen = 0
    for _ in range(30):
        ids = (torch.randint(0, 16, (16, 1)) + torch.arange(11)) % 16
        with torch.autocast("cpu", dtype=torch.float16):
            logits = model(ids[:, :-1])
        loss = F.cross_entropy(logits.float().transpose(1, 2), ids[:, 1:])
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)  # accept: scale-collapse
        scaler.update()  # accept: scale-collapse
        seen += ids.numel()
    print(f"trained on {seen} tokens")
    torch.save(model.state_dict(), "/dev/null")


if __name__ == "__main__":
    main()
