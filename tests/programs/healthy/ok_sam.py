"""Sharpness-aware minimisation: climb to the worst nearby point, take its gradient, step from the old weights."""

import torch
import torch.nn as nn


class SAM:
    def __init__(self, params, base, rho=0.05):
        self.params, self.base, self.rho = list(params), base, rho
        self.shift = {}

    @torch.no_grad()
    def ascend(self):
        norm = torch.stack([p.grad.norm() for p in self.params]).norm() + 1e-12
        for p in self.params:
            self.shift[p] = p.grad * (self.rho / norm)
            p.add_(self.shift[p])
        self.base.zero_grad()

    @torch.no_grad()
    def descend(self):
        for p in self.params:
            p.sub_(self.shift[p])
        self.base.step()
        self.base.zero_grad()


if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 24), nn.ReLU(), nn.Linear(24, 2))
    opt = SAM(model.parameters(), torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))
    for step in range(40):
        x = torch.randn(64, 5)
        y = (x[:, 0] + x[:, 1] > 0).long()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.ascend()
        nn.functional.cross_entropy(model(x), y).backward()
        opt.descend()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))
