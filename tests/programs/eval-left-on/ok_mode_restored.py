"""A context manager puts the model in evaluation mode and restores whatever mode it had."""

import contextlib

import torch
import torch.nn as nn


@contextlib.contextmanager
def evaluating(model):
    modes = {module: module.training for module in model.modules()}
    try:
        model.eval()
        with torch.no_grad():
            yield model
    finally:
        for module, mode in modes.items():
            module.training = mode


def circles(n, gen):
    x = 2 * torch.rand(n, 2, generator=gen) - 1
    return x, (x.norm(dim=1) < 0.7).float()


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1))
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(40):
        x, y = circles(32, gen)
        loss = nn.functional.binary_cross_entropy_with_logits(model(x).squeeze(1), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 8 == 0:
            with evaluating(model):
                x, y = circles(128, gen)
                acc = ((model(x).squeeze(1) > 0) == y.bool()).float().mean()
            print(step, round(loss.item(), 3), round(acc.item(), 3))
