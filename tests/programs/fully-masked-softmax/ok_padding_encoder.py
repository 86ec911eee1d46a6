"""TransformerEncoder with a causal mask and a key padding mask, every sequence has at least one token."""

import torch
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self, vocab=30, dim=16):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim, padding_idx=0)
        self.attn = nn.MultiheadAttention(dim, 2, batch_first=True)
        layer = nn.TransformerEncoderLayer(dim, 2, 32, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.out = nn.Linear(dim, 3)

    def forward(self, tokens):
        pad = tokens == 0
        causal = torch.ones(tokens.shape[1], tokens.shape[1], dtype=torch.bool).triu(1)
        x = self.emb(tokens)
        a, _ = self.attn(x, x, x, key_padding_mask=pad, attn_mask=causal)
        x = self.layers(x + a, mask=causal, src_key_padding_mask=pad)
        keep = (~pad)[..., None].float()
        return self.out((x * keep).sum(1) / keep.sum(1))


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    model = Encoder()
    opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(25):
        y = torch.randint(0, 3, (16,), generator=gen)
        tokens = 1 + y[:, None] * 9 + torch.randint(0, 9, (16, 8), generator=gen)
        tokens = tokens.masked_fill(torch.arange(8) >= torch.randint(1, 9, (16, 1), generator=gen), 0)
        loss = nn.functional.cross_entropy(model(tokens), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 6 == 0:
            print(step, round(loss.item(), 3))
