"""Non-reentrant checkpointing, with dropout inside and checkpoint_sequential for the tail."""

import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential


class Net(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.inp = nn.Linear(5, dim)
        self.mid = nn.Sequential(nn.Linear(dim, dim), nn.Dropout(0.1), nn.Tanh())
        self.tail = nn.Sequential(*[nn.Sequential(nn.Linear(dim, dim), nn.Tanh()) for _ in range(4)])
        self.out = nn.Linear(dim, 1)

    def forward(self, x):
        h = checkpoint(self.mid, self.inp(x), use_reentrant=False)
        return self.out(checkpoint_sequential(self.tail, 2, h, use_reentrant=False)).squeeze(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Net()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(40):
        x = torch.randn(32, 5)
        loss = (model(x) - x[:, 0]).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 4))
