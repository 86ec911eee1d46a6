"""Echo-state network: the recurrent weights are random by design, only the read-out is fitted."""

import math

import torch
from torch import nn


class Reservoir(nn.Module):
    def __init__(self, size=40, radius=0.9):
        super().__init__()
        w = torch.randn(size, size) / math.sqrt(size)
        self.w = nn.Parameter(w * radius, requires_grad=False)
        self.win = nn.Parameter(torch.rand(size, 1) - 0.5, requires_grad=False)
        self.readout = nn.Linear(size, 1)

    def forward(self, u):
        h, outs = torch.zeros(u.shape[0], self.w.shape[0]), []
        for t in range(u.shape[1]):
            h = torch.tanh(h @ self.w.T + u[:, t : t + 1] @ self.win.T)
            outs.append(h)
        return self.readout(torch.stack(outs, 1)).squeeze(-1)


def main():
    torch.manual_seed(0)
    model = Reservoir()
    optimizer = torch.optim.Adam(model.readout.parameters(), lr=1e-2)
    for step in range(40):
        phase = torch.rand(8, 1) * 6.28
        t = torch.arange(31) * 0.3
        series = torch.sin(t + phase)
        pred = model(series[:, :-1])
        loss = (pred[:, 5:] - series[:, 6:]).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} mse {loss.item():.4f}")


if __name__ == "__main__":
    main()
