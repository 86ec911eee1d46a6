"""Regression with an optimizer inside a wrapper that also keeps an average of the weights; the schedule is given the wrapper."""

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR


class Averaging(torch.optim.Optimizer):
    """An optimizer around another one, whose groups and state it shows as its own."""

    def __init__(self, inner, decay=0.9):
        self.inner, self.decay = inner, decay
        self.averages = [p.detach().clone() for group in inner.param_groups for p in group["params"]]
        self.defaults = inner.defaults

    @property
    def param_groups(self):
        return self.inner.param_groups

    @property
    def state(self):
        return self.inner.state

    def zero_grad(self, set_to_none=True):
        self.inner.zero_grad(set_to_none)

    def step(self, closure=None):
        self.inner.step(closure)
        with torch.no_grad():
            parameters = (p for group in self.param_groups for p in group["params"])
            for average, p in zip(self.averages, parameters):
                average.lerp_(p, 1 - self.decay)


def main(steps=40):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 24), nn.Tanh(), nn.Linear(24, 1))
    optimizer = Averaging(torch.optim.AdamW(net.parameters(), lr=1e-2))
    schedule = LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 5))
    w = torch.randn(5, 1)
    for step in range(steps):
        x = torch.randn(32, 5)
        loss = nn.functional.mse_loss(net(x), torch.sin(x @ w))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 10 == 9:
            print(step + 1, f"{loss.item():.4f}", schedule.get_last_lr()[0])


if __name__ == "__main__":
    main()
