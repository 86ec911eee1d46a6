"""Set attention with -1e9 for padding; empty sets get uniform weights and are ignored by the loss."""

import torch
import torch.nn as nn


class SetPool(nn.Module):
    def __init__(self, dim=12):
        super().__init__()
        self.value = nn.Sequential(nn.Linear(3, dim), nn.ReLU())
        self.score = nn.Linear(dim, 1)
        self.out = nn.Linear(dim, 1)

    def forward(self, items, valid):
        h = self.value(items)
        s = self.score(h).squeeze(-1).masked_fill(~valid, -1e9)
        return self.out((s.softmax(-1)[..., None] * h).sum(1)).squeeze(-1)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = SetPool()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(40):
        items = torch.randn(24, 5, 3)
        valid = torch.arange(5) < torch.randint(0, 6, (24, 1))
        target = items[..., 0].masked_fill(~valid, -5.0).amax(1)
        present = valid.any(1).float()
        loss = ((model(items, valid) - target).pow(2) * present).sum() / present.sum()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(f"{step} {loss.item():.3f}")
