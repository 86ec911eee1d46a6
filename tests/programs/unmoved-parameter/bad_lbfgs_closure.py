"""Physics-informed fit of a damped oscillator with L-BFGS."""

import torch
from torch import nn


class Solution(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 20), nn.Tanh(), nn.Linear(20, 1))

    def forward(self, t):
        return self.net(t)


class Solver:
    def __init__(self, points=32):
        self.u = Solution()
        self.t = torch.linspace(0, 2, points)[:, None].requires_grad_(True)
        self.optimizer = torch.optim.LBFGS(self.u.parameters(), lr=0.5, max_iter=5, line_search_fn="strong_wolfe")

    def residual(self):
        u = self.u(self.t)
        du = torch.autograd.grad(u.sum(), self.t, create_graph=True)[0]
        ddu = torch.autograd.grad(du.sum(), self.t, create_graph=True)[0]
        start = (u[0] - 1) ** 2 + du[0] ** 2
        return (ddu + 0.4 * du + 4 * u).pow(2).mean() + 5 * start.sum()

    def closure(self):
        loss = self.residual()
        loss.backward()
        self.optimizer.zero_grad()  # expect: unmoved-parameter, early-zero-grad
        return loss

    def fit(self, rounds):
        for k in range(rounds):
            loss = self.optimizer.step(self.closure)  # accept: unmoved-parameter, early-zero-grad
            if k % 4 == 0:
                print(f"round {k} residual {loss.item():.4f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    Solver().fit(12)
