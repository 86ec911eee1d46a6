"""Multiple-instance learning: attention pooling over bags whose features come in two widths."""

import torch
import torch.nn.functional as F
from torch import nn


class AttentionPool(nn.Module):
    def __init__(self, hidden=16, out=24):
        super().__init__()
        self.hidden, self.out = hidden, out
        self.score = nn.Linear(hidden, 1)

    def forward(self, bag):
        reduce = nn.Linear(bag.shape[-1], self.hidden)  # expect: recreated-parameter
        h = torch.tanh(reduce(bag))
        weight = torch.softmax(self.score(h), dim=1)
        return (weight * h).sum(1)


class BagClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.instance = nn.Sequential(nn.Linear(6, 20), nn.ReLU())
        self.pool = AttentionPool()
        self.head = nn.Linear(16, 2)

    def forward(self, bag):
        return self.head(self.pool(self.instance(bag)))


def bags(n, gen):
    x = torch.randn(n, 7, 6, generator=gen)
    y = torch.randint(0, 2, (n,), generator=gen)
    x[y == 1, 0] += 2.0
    return x, y


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = BagClassifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(40):
        x, y = bags(32, gen)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
