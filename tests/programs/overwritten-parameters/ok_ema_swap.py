"""EMA weights are swapped in for every validation and the live weights are put back afterwards."""

import contextlib

import torch
import torch.nn.functional as F
from torch import nn


class Ema:
    def __init__(self, model, decay=0.9):
        self.decay = decay
        self.shadow = {k: v.detach().clone() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model):
        for k, v in model.state_dict().items():
            self.shadow[k].lerp_(v, 1 - self.decay)

    @contextlib.contextmanager
    def applied(self, model):
        live = {k: v.detach().clone() for k, v in model.state_dict().items()}
        model.load_state_dict(self.shadow)
        try:
            yield
        finally:
            model.load_state_dict(live)


def main():
    torch.manual_seed(0)
    w = torch.randn(7, 3)
    model = nn.Sequential(nn.Linear(7, 32), nn.ReLU(), nn.Linear(32, 3))
    ema = Ema(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    vx = torch.randn(64, 7)
    for step in range(45):
        x = torch.randn(24, 7)
        loss = F.cross_entropy(model(x), (x @ w).argmax(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ema.update(model)
        if step % 3 == 2:
            with ema.applied(model), torch.no_grad():
                val = F.cross_entropy(model(vx), (vx @ w).argmax(1)).item()
            if step % 9 == 8:
                print(f"step {step} loss {loss.item():.3f} averaged val {val:.3f}")


if __name__ == "__main__":
    main()
