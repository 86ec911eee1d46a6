"""Physics-informed network in double precision on purpose: second derivatives of a spring."""

import torch
import torch.nn as nn


class Spring(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())
        self.out = nn.Linear(hidden, 1)

    def forward(self, t):
        return 1 + t**2 * self.out(self.net(t))


def derivative(y, t):
    return torch.autograd.grad(y.sum(), t, create_graph=True)[0]


def main():
    torch.manual_seed(0)
    model = Spring().double()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(60):
        t = (2 * torch.rand(64, 1, dtype=torch.float64)).requires_grad_()
        y = model(t)
        loss = (derivative(derivative(y, t), t) + y).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} residual {loss.item():.6f}")


if __name__ == "__main__":
    main()
