"""SAM: climb to the worst point nearby, take the gradient there, come back and step from the old weights."""

import torch
import torch.nn.functional as F
from torch import nn


class Sam:
    def __init__(self, params, rho, lr):
        self.params, self.rho = list(params), rho
        self.base = torch.optim.SGD(self.params, lr=lr, momentum=0.9)

    @torch.no_grad()
    def climb(self):
        norm = torch.stack([p.grad.norm() for p in self.params]).norm() + 1e-12
        self.old = [p.detach().clone() for p in self.params]
        for p in self.params:
            p.add_(p.grad, alpha=(self.rho / norm).item())
        self.base.zero_grad()

    @torch.no_grad()
    def descend(self):
        for p, old in zip(self.params, self.old):
            p.copy_(old)
        self.base.step()
        self.base.zero_grad()


def main():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
    sam = Sam(net.parameters(), rho=0.05, lr=0.1)
    w = torch.randn(8, 3)
    for step in range(35):
        x = torch.randn(32, 8)
        y = (x @ w).argmax(1)
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        sam.climb()
        F.cross_entropy(net(x), y).backward()
        sam.descend()
        if step % 7 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
