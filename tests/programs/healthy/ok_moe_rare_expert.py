"""Top-1 mixture of experts in which one expert is chosen for a few rare inputs only."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MoE(nn.Module):
    def __init__(self, dim=4, experts=4):
        super().__init__()
        self.router = nn.Linear(dim, experts)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(dim, 16), nn.ReLU(), nn.Linear(16, 1)) for _ in range(experts)
        )
        with torch.no_grad():
            self.router.weight.normal_()
            self.router.bias[-1] -= 1.0

    def forward(self, x):
        weight, choice = self.router(x).softmax(-1).max(-1)
        out = x.new_zeros(len(x), 1)
        for e, expert in enumerate(self.experts):
            rows = (choice == e).nonzero().squeeze(1)
            if len(rows):
                out = out.index_add(0, rows, expert(x[rows]) * weight[rows, None])
        return out.squeeze(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = MoE()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(40):
        x = torch.randn(16, 4)
        loss = F.mse_loss(model(x), x.abs().sum(1))
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))
