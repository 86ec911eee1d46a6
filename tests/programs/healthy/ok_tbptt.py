"""Truncated backpropagation through time: the state is carried over and detached between chunks."""

import torch
import torch.nn as nn


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = nn.LSTM(1, 24, batch_first=True), nn.Linear(24, 1)

    def forward(self, x, state):
        h, state = self.rnn(x, state)
        return self.out(h), state


if __name__ == "__main__":
    torch.manual_seed(0)
    series = torch.sin(torch.arange(0, 100, 0.25) + torch.randn(4, 1))[..., None]
    model = Forecaster()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(3):
        state, total = None, 0.0
        for start in range(0, 380, 20):
            if state is not None:
                state = tuple(s.detach() for s in state)
            chunk = series[:, start : start + 21]
            pred, state = model(chunk[:, :-1], state)
            loss = (pred - chunk[:, 1:]).pow(2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        print(f"epoch {epoch} {total / 19:.4f}")
