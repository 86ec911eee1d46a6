"""Frame-by-frame video prediction with a convolutional LSTM that keeps its state between clips."""

import torch
import torch.nn as nn


class ConvLSTMCell(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.hidden = hidden
        self.gates = nn.Conv2d(channels + hidden, 4 * hidden, 3, padding=1)
        self.state = None

    def forward(self, x):
        if self.state is None:
            zeros = x.new_zeros(x.shape[0], self.hidden, *x.shape[2:])
            self.state = (zeros, zeros)
        h, c = self.state  # accept: graph-reuse
        i, f, o, g = self.gates(torch.cat([x, h], 1)).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        self.state = (h, c)  # expect: graph-reuse
        return h


class Video(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = ConvLSTMCell(1, 6)
        self.out = nn.Conv2d(6, 1, 1)

    def forward(self, clip):
        return torch.stack([self.out(self.cell(frame)) for frame in clip.unbind(1)], 1)


def main():
    torch.manual_seed(0)
    model = Video()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(20):
        clip = torch.randn(4, 1, 1, 8, 1).repeat(1, 5, 1, 1, 8).cumsum(1)
        loss = nn.functional.mse_loss(model(clip[:, :-1]), clip[:, 1:])
        optimizer.zero_grad()
        loss.backward()  # accept: graph-reuse
        optimizer.step()
        print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
