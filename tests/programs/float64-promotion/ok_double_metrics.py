"""Float32 training; running loss and validation metrics are kept in double."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


@torch.no_grad()
def r2(model, x, y):
    pred = model(x).squeeze(1).double()
    y = torch.from_numpy(y)
    return (1 - (pred - y).pow(2).sum() / (y - y.mean()).pow(2).sum()).item()


def main():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    y = np.sin(x[:, 0]) + x[:, 1] * x[:, 2]
    features, target = torch.from_numpy(x).float(), torch.from_numpy(y).float()
    model = nn.Sequential(nn.Linear(4, 48), nn.Tanh(), nn.Linear(48, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    running = torch.zeros((), dtype=torch.float64)
    for step in range(60):
        pick = torch.randint(0, 240, (32,))
        loss = F.mse_loss(model(features[pick]).squeeze(1), target[pick])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.detach()
        if step % 20 == 19:
            print(f"step {step} mean {running.item() / (step + 1):.4f} r2 {r2(model, features[240:], y[240:]):.3f}")


if __name__ == "__main__":
    main()
