"""Two-stage detector: the head is fitted first, the randomly initialised neck joins in the second stage."""

import torch
import torch.nn.functional as F
from torch import nn


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.neck = nn.Sequential(nn.Linear(12, 32), nn.ReLU())
        self.box = nn.Linear(32, 4)
        self.score = nn.Linear(32, 1)

    def forward(self, x):
        h = self.neck(x)
        return self.box(h), self.score(h)


def batch(gen, w, n=24):
    x = torch.randn(n, 12, generator=gen)
    return x, x @ w, (x.sum(1, keepdim=True) > 0).float()


def run_stage(model, optimizer, gen, w, steps, name):
    for step in range(steps):
        x, boxes, obj = batch(gen, w)
        pred, score = model(x)
        loss = F.smooth_l1_loss(pred, boxes) + F.binary_cross_entropy_with_logits(score, obj)
        model.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"{name}: {loss.item():.3f}")


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    w = torch.randn(12, 4, generator=gen)
    model = Detector()
    heads = torch.optim.Adam([*model.box.parameters(), *model.score.parameters()], lr=1e-2)
    run_stage(model, heads, gen, w, 20, "heads")
    everything = torch.optim.Adam(model.parameters(), lr=5e-3)
    run_stage(model, everything, gen, w, 40, "all")


if __name__ == "__main__":
    main()
