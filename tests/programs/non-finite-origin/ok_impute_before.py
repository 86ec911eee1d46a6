"""Patient measurements with many gaps: gaps become zeros plus an indicator column before they reach the network."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def measurements(n=192, seed=4):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6)).astype(np.float32)
    risk = 1.5 * x[:, 0] - x[:, 3] + 0.3 * rng.normal(size=n)
    x[rng.random(x.shape) < 0.2] = np.nan
    return torch.from_numpy(x), torch.from_numpy((risk > 0).astype(np.float32))


def prepare(x):
    missing = torch.isnan(x)
    mean = x.nanmean(0)
    filled = torch.where(missing, mean, x)
    filled = torch.nan_to_num(filled, nan=0.0)
    return torch.cat([filled, missing.float()], dim=1)


def main():
    torch.manual_seed(0)
    raw, label = measurements()
    loader = DataLoader(TensorDataset(prepare(raw), label), batch_size=32, shuffle=True)
    model = nn.Sequential(nn.Linear(12, 24), nn.GELU(), nn.Linear(24, 1))
    opt = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for epoch in range(8):
        total = 0.0
        for x, y in loader:
            loss = nn.functional.binary_cross_entropy_with_logits(model(x).squeeze(1), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        print(f"epoch {epoch} {total / len(loader):.3f}")


if __name__ == "__main__":
    main()
