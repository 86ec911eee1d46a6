"""Point-cloud classification with a PointNet-like network; the step is made by a small engine."""

import torch
import torch.nn.functional as F
from torch import nn


class PointNet(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.point = nn.Sequential(nn.Linear(3, 24), nn.ReLU(), nn.Linear(24, 32), nn.ReLU())
        self.head = nn.Linear(32, classes)

    def forward(self, pts):
        return self.head(self.point(pts).amax(1))


def clouds(n, gen, pts=24):
    y = torch.randint(0, 3, (n,), generator=gen)
    x = torch.randn(n, pts, 3, generator=gen)
    scale = torch.eye(3) * 1.5 + 0.3
    return x * scale[y][:, None], y


class Engine:
    def __init__(self, net, lr):
        self.net = net
        self.optimizer = torch.optim.AdamW(net.parameters(), lr=lr)

    def train_one_epoch(self, loader):
        self.net.train()
        self.optimizer.zero_grad()  # accept: missing-zero-grad
        total = 0.0
        for pts, label in loader:
            loss = F.cross_entropy(self.net(pts), label)
            total += self.apply(loss)
        return total

    def apply(self, loss):
        loss.backward()  # expect: missing-zero-grad
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimizer.step()  # accept: missing-zero-grad
        return loss.item()


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    engine = Engine(PointNet(), 5e-3)
    for epoch in range(5):
        batches = [clouds(16, gen) for _ in range(8)]
        print(f"epoch {epoch} loss {engine.train_one_epoch(batches) / 8:.4f}")


if __name__ == "__main__":
    main()
