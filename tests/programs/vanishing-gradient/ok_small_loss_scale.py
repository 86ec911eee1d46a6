"""Surface displacement in metres (about 1e-4): tiny loss, tiny and even gradients, Adam does not mind."""

import torch
import torch.nn as nn


def displacement(n, gen):
    x = torch.rand(n, 3, generator=gen)
    return x, 1e-4 * (torch.sin(3 * x[:, :1]) + x[:, 1:2] * x[:, 2:])


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(5)
    model = nn.Sequential(nn.Linear(3, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))
    opt = torch.optim.Adam(model.parameters(), lr=2e-3, eps=1e-15)
    for step in range(50):
        x, y = displacement(64, gen)
        loss = (model(x) * 1e-4 - y).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(f"{step} {loss.item():.3e}")
