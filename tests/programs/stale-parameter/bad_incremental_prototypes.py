"""Class-incremental learning: new classes arrive in tasks and the cosine classifier grows."""

import torch
import torch.nn.functional as F
from torch import nn


class CosineClassifier(nn.Module):
    def __init__(self, dim, classes):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(classes, dim))

    def grow(self, extra):
        fresh = torch.randn(extra, self.weight.shape[1])
        self.weight = nn.Parameter(torch.cat([self.weight.data, fresh]))  # expect: stale-parameter

    def forward(self, x):
        return 8.0 * F.linear(F.normalize(x), F.normalize(self.weight))


class Learner(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 12))
        self.classifier = CosineClassifier(12, 2)

    def forward(self, x):
        return self.classifier(self.backbone(x))


def task_batch(protos, lo, hi, n=24):
    y = torch.randint(lo, hi, (n,))
    return protos[y] + 0.4 * torch.randn(n, 9), y


def main():
    torch.manual_seed(0)
    protos = torch.randn(6, 9)
    model = Learner()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)  # accept: stale-parameter
    for task in range(3):
        if task:
            model.classifier.grow(2)  # accept: stale-parameter
        for _ in range(20):
            x, y = task_batch(protos, 2 * task, 2 * task + 2)
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"task {task} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
