"""Halves the memory of a small tabular model and trains it with Adam."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class TabNet(nn.Module):
    def __init__(self, numeric=8, cats=12, dim=8):
        super().__init__()
        self.cat = nn.Embedding(cats, dim)
        self.body = nn.Sequential(nn.Linear(numeric + dim, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.out = nn.Linear(64, 2)

    def forward(self, num, cat):
        return self.out(self.body(torch.cat([num, self.cat(cat)], dim=1)))


def table(n, gen):
    num = torch.randn(n, 8, generator=gen)
    cat = torch.randint(0, 12, (n,), generator=gen)
    return num, cat, ((num[:, 0] + num[:, 1] + (cat > 5)) > 0.5).long()


def build(half=True):
    model = TabNet()
    if half:
        model.half()  # expect: half-precision-master
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)  # accept: half-precision-master, low-precision-epsilon
    return model, optimizer


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model, optimizer = build()
    for step in range(30):
        num, cat, y = table(64, gen)
        logits = model(num.half(), cat)
        loss = F.cross_entropy(logits.float(), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 5 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
