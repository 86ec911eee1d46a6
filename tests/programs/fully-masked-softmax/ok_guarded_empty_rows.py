"""Cross attention from text to a variable number of image regions; some samples have no regions."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class CrossAttention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.q, self.kv = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim)

    def forward(self, text, regions, valid):
        q = self.q(text)
        k, v = self.kv(regions).chunk(2, -1)
        logits = q @ k.transpose(1, 2) / q.shape[-1] ** 0.5
        empty = ~valid.any(1)
        allowed = valid | empty[:, None]  # rows without regions look anywhere, their result is dropped below
        weights = logits.masked_fill(~allowed[:, None], float("-inf")).softmax(-1)
        return (weights @ v).masked_fill(empty[:, None, None], 0.0)


class VQA(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.words = nn.Embedding(10, dim)
        self.cross = CrossAttention(dim)
        self.out = nn.Linear(dim, 4)

    def forward(self, words, regions, valid):
        x = self.words(words)
        return self.out((x + self.cross(x, regions, valid)).mean(1))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = VQA()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(60):
        words, regions = torch.randint(0, 10, (16, 4)), torch.randn(16, 5, 16)
        valid = torch.arange(5) < torch.randint(0, 6, (16, 1))
        label = torch.where(valid[:, 0], regions[:, 0, :4].argmax(1), words[:, 0] % 4)
        loss = F.cross_entropy(model(words, regions, valid), label)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))
