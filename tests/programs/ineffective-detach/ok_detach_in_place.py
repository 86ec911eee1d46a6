"""Truncated back-propagation; the state of a GRU is detached in place between chunks."""

import torch
import torch.nn.functional as F
from torch import nn


class Model(nn.Module):
    def __init__(self, vocab=12, dim=24):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab)

    def forward(self, tokens, state):
        hidden, state = self.gru(self.embed(tokens), state)
        return self.out(hidden), state


def main():
    torch.manual_seed(0)
    model = Model()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    stream = (torch.arange(401) * 5) % 12
    state = torch.zeros(1, 1, 24)
    for index in range(40):
        part = stream[index * 10 : index * 10 + 11]
        state.detach_()
        logits, state = model(part[None, :-1], state)
        loss = F.cross_entropy(logits[0], part[1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if index % 10 == 9:
            print(f"chunk {index + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
