"""Sequence to label with a GRU cell and additive attention over the states that it passed through."""

import torch
from torch import nn


class StateMemory:
    """The hidden states of one sequence, in order."""

    def __init__(self):
        self._states = []

    def write(self, state):
        self._states.append(state.data)  # expect: severed-gradient

    def read(self):
        return torch.stack(self._states, dim=1)


class AttentiveReader(nn.Module):
    def __init__(self, vocab=30, dim=24, classes=5):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.cell = nn.GRUCell(dim, dim)
        self.score = nn.Linear(dim, 1)
        self.classify = nn.Linear(dim, classes)

    def forward(self, tokens):
        memory = StateMemory()
        state = torch.zeros(len(tokens), self.cell.hidden_size)
        for column in self.embed(tokens).unbind(1):
            state = self.cell(column, state)
            memory.write(state)
        states = memory.read()
        weights = torch.softmax(self.score(states), dim=1)
        return self.classify((weights * states).sum(1))


def batch(n, gen):
    tokens = torch.randint(0, 30, (n, 9), generator=gen)
    return tokens, tokens.max(1).values.clamp(min=25) - 25


def main():
    torch.manual_seed(3)
    gen = torch.Generator().manual_seed(3)
    model = AttentiveReader()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=3e-3)
    criterion = nn.CrossEntropyLoss()
    for step in range(50):
        tokens, labels = batch(32, gen)
        loss = criterion(model(tokens), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
