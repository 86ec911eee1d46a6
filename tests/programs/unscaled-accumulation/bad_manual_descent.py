"""Time-series autoregression by plain gradient descent over several windows per update."""

import torch
from torch import nn


class AR(nn.Module):
    def __init__(self, order=6, hidden=16):
        super().__init__()
        self.order = order
        self.cell = nn.GRUCell(1, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, window):
        h = torch.zeros(len(window), self.cell.hidden_size)
        for t in range(window.shape[1]):
            h = self.cell(window[:, t : t + 1], h)
        return self.out(h).squeeze(1)


class Descent:
    def __init__(self, params, lr, every):
        self.params, self.lr, self.every, self.seen = list(params), lr, every, 0

    def feed(self, residual):
        residual.square().mean().backward()  # expect: unscaled-accumulation
        self.seen += 1
        if self.seen == self.every:
            self.update()
            self.seen = 0

    @torch.no_grad()
    def update(self):
        for p in self.params:
            p.sub_(self.lr * p.grad)  # accept: unscaled-accumulation
            p.grad.zero_()


def windows(n, length=9):
    t = torch.arange(length) * 0.5
    x = torch.sin(t + 6.28 * torch.rand(n, 1)) + 0.05 * torch.randn(n, length)
    return x[:, :-1], x[:, -1]


def main():
    torch.manual_seed(0)
    model = AR()
    descent = Descent(model.parameters(), lr=0.05, every=5)
    for it in range(100):
        x, y = windows(8)
        residual = model(x) - y
        descent.feed(residual)
        if it % 20 == 0:
            print(f"it {it} mse {residual.square().mean().item():.4f}")


if __name__ == "__main__":
    main()
