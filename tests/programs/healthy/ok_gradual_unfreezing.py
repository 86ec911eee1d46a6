"""Gradual unfreezing of a pretrained stack; all parameters are in the optimizer from the start."""

import io

import torch
import torch.nn as nn


def stack():
    return nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 3))


def run(model, opt, steps, label):
    for _ in range(steps):
        x = torch.randn(32, 6)
        loss = nn.functional.cross_entropy(model(x), label(x))
        opt.zero_grad()
        loss.backward()
        opt.step()
    return loss.item()


if __name__ == "__main__":
    torch.manual_seed(0)
    base = stack()
    run(base, torch.optim.Adam(base.parameters(), lr=1e-2), 30, lambda x: x[:, :3].argmax(1))
    file = io.BytesIO()
    torch.save(base.state_dict(), file)
    file.seek(0)
    model = stack()
    model.load_state_dict(torch.load(file))
    model[4] = nn.Linear(24, 3)
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(4):
        for depth, index in enumerate((4, 2, 0)):
            model[index].requires_grad_(depth <= epoch)
        print(f"epoch {epoch} loss {run(model, opt, 12, lambda x: (-x[:, :3]).argmax(1)):.3f}")
