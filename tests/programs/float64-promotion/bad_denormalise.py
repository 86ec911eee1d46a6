"""Weather head: the network predicts standardised values and maps them back with the dataset's statistics."""

import numpy as np
import torch
import torch.nn as nn


class Standardiser:
    def __init__(self, table):
        self.mean = torch.as_tensor(table.mean(axis=0))  # expect: float64-promotion
        self.std = torch.as_tensor(table.std(axis=0))  # accept: float64-promotion

    def inverse(self, z):
        return z * self.std + self.mean  # accept: float64-promotion


class WeatherNet(nn.Module):
    def __init__(self, standardiser, hidden=24):
        super().__init__()
        self.rnn = nn.GRU(3, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 3)
        self.standardiser = standardiser

    def forward(self, x):
        _, h = self.rnn(x)
        return self.standardiser.inverse(self.out(h[-1]))


def history(n=240, seed=0):
    rng = np.random.default_rng(seed)
    t = np.arange(n)[:, None] * 0.3 + np.array([0.0, 1.0, 2.0])
    return np.sin(t) * [4.0, 2.0, 1.0] + [15.0, 50.0, 3.0] + 0.1 * rng.normal(size=(n, 3))


def main():
    torch.manual_seed(0)
    table = history()
    model = WeatherNet(Standardiser(table))
    series = torch.tensor(table, dtype=torch.float32)
    scaled = (series - series.mean(0)) / series.std(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(50):
        at = torch.randint(0, len(series) - 9, (32,))
        window = torch.stack([scaled[i : i + 8] for i in at.tolist()])
        loss = nn.functional.smooth_l1_loss(model(window), series[at + 8])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
