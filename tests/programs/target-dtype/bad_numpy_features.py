"""Regression on features that NumPy standardised."""

import numpy as np
import torch
import torch.nn as nn


def features(rng):
    raw = rng.normal(size=(96, 5))
    return torch.from_numpy((raw - raw.mean(0)) / raw.std(0))  # expect: target-dtype


def main():
    rng = np.random.default_rng(0)
    x = features(rng)
    y = torch.randn(96, 1)
    model = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for rows in torch.randperm(96).split(32):
        loss = nn.functional.mse_loss(model(x[rows]), y[rows])  # accept: target-dtype
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
