"""Gated cross-attention in the manner of Flamingo: frozen loaded language layers, new layers behind a zero gate."""

import io

import torch
import torch.nn as nn


class GatedCross(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, 2, batch_first=True)
        self.gate = nn.Parameter(torch.zeros(1))

    def forward(self, x, media):
        return x + self.gate.tanh() * self.attn(x, media, media)[0]


class Model(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.emb = nn.Embedding(10, dim)
        self.cross = nn.ModuleList(GatedCross(dim) for _ in range(2))
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(dim, dim), nn.Tanh()) for _ in range(2))
        self.head = nn.Linear(dim, 4)

    def forward(self, tokens, media):
        x = self.emb(tokens)
        for cross, layer in zip(self.cross, self.layers):
            x = layer(cross(x, media))
        return self.head(x.mean(1))


if __name__ == "__main__":
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.save(Model().state_dict(), file)
    file.seek(0)
    model = Model()
    model.load_state_dict(torch.load(file))
    for part in (model.emb, model.layers, model.head):
        part.requires_grad_(False)
    opt = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=2e-2)
    for step in range(40):
        y = torch.randint(0, 4, (32,))
        media = torch.randn(32, 3, 16) + 2 * nn.functional.one_hot(y, 16)[:, None]
        loss = nn.functional.cross_entropy(model(torch.randint(0, 10, (32, 4)), media), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))
