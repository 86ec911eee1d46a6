"""Targets in the thousands: huge loss and gradients at first, both fall quickly."""

import torch
import torch.nn as nn

if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1))
    opt = torch.optim.Adam(model.parameters(), lr=0.3)
    for step in range(60):
        x = torch.rand(64, 3, generator=gen)
        price = 2000 + 1500 * x[:, :1] + 500 * x[:, 1:2]
        loss = nn.functional.mse_loss(model(x), price)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(f"{step} {loss.item():.1f}")
