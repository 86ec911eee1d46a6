"""Truncated BPTT by hand: every step's loss is sent back through a window of states with retain_graph=True."""

import itertools

import torch
from torch import nn


class Cell(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.cell, self.out = nn.GRUCell(1, hidden), nn.Linear(hidden, 1)

    def forward(self, x, h):
        h = self.cell(x, h)
        return self.out(h), h


def backward_through(loss, states):
    loss.backward(retain_graph=True)
    for older, newer in zip(reversed(states[:-1]), reversed(states), strict=False):
        older[1].backward(newer[0].grad, retain_graph=True)


def main(window=4, length=12):
    torch.manual_seed(0)
    model = Cell()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    h = torch.zeros(1, 16)
    for sequence in range(25):
        signal = torch.sin(0.5 * torch.arange(sequence * length, (sequence + 1) * length + 1.0))
        states, total = [], 0.0
        optimizer.zero_grad()
        for now, following in itertools.pairwise(signal):
            start = h.detach().requires_grad_()
            output, h = model(now.view(1, 1), start)
            states = [*states, (start, h)][-window:]
            for kept, _ in states:
                kept.grad = None
            loss = (output - following).pow(2).mean() / length
            backward_through(loss, states)
            total += loss.item()
        optimizer.step()
        if sequence % 5 == 4:
            print(f"sequence {sequence + 1} loss {total:.4f}")


if __name__ == "__main__":
    main()
