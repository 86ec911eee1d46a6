"""Language model over a long stream of characters; the state is carried from chunk to chunk."""

import torch
import torch.nn.functional as F
from torch import nn


class CharLSTM(nn.Module):
    def __init__(self, vocab=12, dim=24):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab)

    def forward(self, tokens, state=None):
        hidden, state = self.lstm(self.embed(tokens), state)
        return self.out(hidden), state


def repackage(state):
    """Keep the values, drop the history."""
    for tensor in state:
        tensor.detach()  # expect: ineffective-detach, graph-reuse
    return state


def chunks(length=10, count=20):
    stream = (torch.arange(length * count + 1) * 5) % 12
    for i in range(count):
        yield stream[None, i * length : (i + 1) * length], stream[i * length + 1 : (i + 1) * length + 1]


def main():
    torch.manual_seed(0)
    model = CharLSTM()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    state = None
    for index, (tokens, following) in enumerate(chunks()):
        if state is not None:
            state = repackage(state)  # accept: ineffective-detach, graph-reuse
        logits, state = model(tokens, state)
        loss = F.cross_entropy(logits[0], following)
        optimizer.zero_grad()
        loss.backward()  # accept: graph-reuse
        optimizer.step()
        if index % 5 == 4:
            print(f"chunk {index + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
