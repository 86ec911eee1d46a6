"""Recurrent memory over segments; the memory is detached when it is stored."""

import torch
import torch.nn.functional as F
from torch import nn


class MemoryReader(nn.Module):
    def __init__(self, vocab=16, dim=24, slots=8):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.mix = nn.GRU(dim, dim, batch_first=True)
        self.attend = nn.MultiheadAttention(dim, 2, batch_first=True)
        self.out = nn.Linear(dim, vocab)
        self.slots, self.memory = slots, None

    def forward(self, tokens):
        h, _ = self.mix(self.embed(tokens))
        context = h if self.memory is None else torch.cat([self.memory, h], dim=1)
        self.memory = context[:, -self.slots :].detach()
        return self.out(h + self.attend(h, context, context, need_weights=False)[0])


def main():
    torch.manual_seed(0)
    model = MemoryReader()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    stream = torch.randint(0, 16, (4, 12)).repeat(1, 30)
    for index in range(30):
        tokens = stream[:, index * 10 : index * 10 + 11]
        loss = F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if index % 10 == 9:
            print(f"segment {index + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
