"""Multi-label classifier whose per-class precision is nan for classes that were never predicted."""

import torch
import torch.nn as nn


class MultiLabel(nn.Module):
    def __init__(self, features=10, labels=6):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(features, 24), nn.ReLU(), nn.Linear(24, labels))

    def forward(self, x):
        return self.net(x)


@torch.no_grad()
def per_class_precision(logits, target):
    predicted = logits > 0
    hits = (predicted & target.bool()).sum(0).float()
    return hits / predicted.sum(0).float()  # 0/0 where a class has no predictions, skipped by nanmean


def batch(n, gen):
    x = torch.randn(n, 10, generator=gen)
    weights = torch.randn(10, 6, generator=torch.Generator().manual_seed(0))
    shift = torch.tensor([0.0, 1.0, 2.0, 4.0, 6.0, 9.0])
    return x, (x @ weights > shift).float()


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(8)
    model = MultiLabel()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(40):
        x, y = batch(32, gen)
        logits = model(x)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        precision = per_class_precision(logits, y)
        if step % 10 == 0:
            print(f"{step} loss {loss.item():.3f} mean precision {precision.nanmean().item():.3f}")
