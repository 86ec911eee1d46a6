"""Sensor readings to remaining useful life; the readings come from a CSV export."""

import io

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


def export_csv(rows=160, seed=9):
    rng = np.random.default_rng(seed)
    lines = []
    for i in range(rows):
        r = rng.normal(size=5)
        life = r @ np.array([1.0, -0.5, 0.2, 0.0, 0.7]) + 0.05 * rng.normal()
        cells = [f"{v:.4f}" for v in r] + [f"{life:.4f}"]
        if i % 53 == 40:
            cells[2] = ""
        lines.append(",".join(cells))
    return "\n".join(lines)


class Readings(Dataset):
    def __init__(self, text):
        table = np.genfromtxt(io.StringIO(text), delimiter=",", dtype=np.float32)  # expect: non-finite-origin
        self.x = torch.from_numpy(table[:, :5])  # accept: non-finite-origin
        self.y = torch.from_numpy(table[:, 5:])  # accept: non-finite-origin

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]  # accept: non-finite-origin


def fit(model, loader, optimizer, epochs):
    for epoch in range(epochs):
        for x, y in loader:  # accept: non-finite-origin
            loss = nn.functional.huber_loss(model(x), y)  # accept: non-finite-origin
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} last loss {loss.item():.4f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 16), nn.SiLU(), nn.Linear(16, 1))  # accept: non-finite-origin
    fit(net, DataLoader(Readings(export_csv()), batch_size=16), torch.optim.RMSprop(net.parameters(), lr=1e-3), 3)
