"""Sharpness-aware minimisation as its best-known implementation has it: the closure is called once before the step, and once within it."""

import torch
from torch import nn


class SAM(torch.optim.Optimizer):
    def __init__(self, params, base, rho=0.05, **kwargs):
        super().__init__(params, {"rho": rho, **kwargs})
        self.base = base(self.param_groups, **kwargs)
        self.param_groups = self.base.param_groups

    @torch.no_grad()
    def first_step(self):
        norms = [p.grad.norm() for group in self.param_groups for p in group["params"] if p.grad is not None]
        norm = torch.stack(norms).norm()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.state[p]["old"] = p.data.clone()
                    p.add_(p.grad, alpha=0.05 / (norm.item() + 1e-12))
        self.zero_grad()

    @torch.no_grad()
    def second_step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.data = self.state[p]["old"]
        self.base.step()
        self.zero_grad()

    @torch.no_grad()
    def step(self, closure=None):
        closure = torch.enable_grad()(closure)
        self.first_step()
        closure()
        self.second_step()


def main():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 2))
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1)
    x = torch.randn(96, 6)
    y = (x[:, 0] > x[:, 1]).long()
    for step in range(24):
        picked = slice(step % 6 * 16, step % 6 * 16 + 16)

        def closure(picked=picked):
            loss = nn.functional.cross_entropy(model(x[picked]), y[picked])
            loss.backward()
            return loss

        loss = closure()
        optimizer.step(closure)
        print(f"{step} {loss.item():.4f}")


if __name__ == "__main__":
    main()
