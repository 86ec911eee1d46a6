"""Poisson regression of claim counts with log-exposure on tabular data."""

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset


def load_policies(n=256, seed=2):
    rng = np.random.default_rng(seed)
    age = rng.uniform(18, 90, n)
    power = rng.uniform(40, 300, n)
    exposure = rng.uniform(0.1, 1.0, n)
    rate = np.exp(-2.0 + 0.01 * age + 0.002 * power) * exposure
    claims = rng.poisson(rate)
    x = np.stack([age, power, exposure], 1).astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy(claims.astype(np.float32))


class PoissonNet(torch.nn.Module):
    def __init__(self, features):
        super().__init__()
        self.hidden = torch.nn.Linear(features, 16)
        self.log_rate = torch.nn.Linear(16, 1)

    def forward(self, x):
        score = self.log_rate(torch.relu(self.hidden(x))).squeeze(-1)
        return torch.exp(score)  # expect: non-finite-origin


def poisson_nll(rate, count):
    return (rate - count * torch.log(rate + 1e-8)).mean()  # accept: non-finite-origin


def main():
    torch.manual_seed(3)
    loader = DataLoader(TensorDataset(*load_policies()), batch_size=32, shuffle=True)
    model = PoissonNet(3)
    with torch.no_grad():
        model.log_rate.weight.abs_()
        model.hidden.weight.mul_(2.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    for epoch in range(3):
        for x, y in loader:
            loss = poisson_nll(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} nll {loss.item():.4f}")


if __name__ == "__main__":
    main()
