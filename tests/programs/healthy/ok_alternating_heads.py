"""One trunk, three heads trained in turn; one optimizer holds everything."""

import torch
import torch.nn as nn


class MultiHead(nn.Module):
    def __init__(self, tasks):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(6, 32), nn.ReLU())
        self.heads = nn.ModuleDict({t: nn.Linear(32, 1) for t in tasks})

    def forward(self, x, task):
        return self.heads[task](self.trunk(x)).squeeze(-1)


TASKS = {"sum": lambda x: x.sum(1), "first": lambda x: x[:, 0], "product": lambda x: x[:, 1] * x[:, 2]}

if __name__ == "__main__":
    torch.manual_seed(0)
    model = MultiHead(TASKS)
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    names = list(TASKS)
    for step in range(60):
        name = names[step % len(names)]
        x = torch.randn(32, 6)
        loss = (model(x, name) - TASKS[name](x)).pow(2).mean()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        if step % 15 < 3:
            print(f"{step} {name} {loss.item():.3f}")
