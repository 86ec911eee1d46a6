"""ReZero: every residual branch is multiplied by a scalar that starts at zero."""

import torch
import torch.nn as nn


class ReZeroBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.branch = nn.Sequential(nn.Linear(dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim))
        self.alpha = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return x + self.alpha * self.branch(x)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), *[ReZeroBlock(16) for _ in range(6)], nn.Linear(16, 1))
    opt = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    for step in range(40):
        x = torch.randn(32, 4)
        loss = (model(x) - torch.sin(x.sum(1, keepdim=True))).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 4))
