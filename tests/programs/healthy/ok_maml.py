"""MAML on sinusoids with functional inner updates and second-order gradients."""

import torch
import torch.nn as nn
from torch.func import functional_call


def task(gen, n=10):
    amp, phase = 0.5 + 2 * torch.rand(1, generator=gen), 3 * torch.rand(1, generator=gen)
    x = 10 * torch.rand(2 * n, 1, generator=gen) - 5
    y = amp * torch.sin(x + phase)
    return x[:n], y[:n], x[n:], y[n:]


def adapt(model, params, x, y, lr, steps):
    for _ in range(steps):
        loss = (functional_call(model, params, x) - y).pow(2).mean()
        grads = torch.autograd.grad(loss, list(params.values()), create_graph=True)
        params = {name: p - lr * g for (name, p), g in zip(params.items(), grads)}
    return params


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))
    meta = torch.optim.Adam(model.parameters(), lr=1e-2)
    for iteration in range(30):
        total = 0.0
        meta.zero_grad()
        for _ in range(4):
            sx, sy, qx, qy = task(gen)
            fast = adapt(model, dict(model.named_parameters()), sx, sy, 0.05, 2)
            query = (functional_call(model, fast, qx) - qy).pow(2).mean() / 4
            query.backward()
            total += query.item()
        meta.step()
        if iteration % 10 == 0:
            print(iteration, round(total, 3))
