"""Sparse Gaussian process: the covariance is factorised in double, everything else stays in float32."""

import math

import torch
import torch.nn as nn


class DeepKernelGP(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 2))
        self.log_noise = nn.Parameter(torch.tensor(-1.0))

    def covariance(self, x):
        z = self.features(x)
        return torch.exp(-0.5 * (z[:, None] - z[None]).pow(2).sum(-1)) + self.log_noise.exp() * torch.eye(len(x))

    def nll(self, x, y):
        # float32 is not enough for nearly singular kernels
        chol = torch.linalg.cholesky(self.covariance(x).double())
        alpha = torch.cholesky_solve(y.double(), chol)
        fit = 0.5 * (y.double() * alpha).sum()
        value = fit + chol.diagonal().log().sum() + 0.5 * len(x) * math.log(2 * math.pi)
        return (value / len(x)).float()


def main():
    torch.manual_seed(0)
    x = torch.linspace(-2, 2, 40)[:, None]
    y = torch.sin(3 * x) + 0.1 * torch.randn(40, 1)
    model = DeepKernelGP()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    for step in range(40):
        loss = model.nll(x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} nll {loss.item():.4f}")


if __name__ == "__main__":
    main()
