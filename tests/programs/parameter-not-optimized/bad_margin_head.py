"""Metric learning with an additive angular margin: identities on a sphere."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class ArcMargin(nn.Module):
    def __init__(self, dim, classes, scale=16.0, margin=0.2):
        super().__init__()
        self.scale, self.margin = scale, margin
        self.centers = nn.Parameter(torch.empty(classes, dim))  # accept: parameter-not-optimized
        nn.init.xavier_uniform_(self.centers)

    def forward(self, emb, label):
        cos = F.linear(F.normalize(emb), F.normalize(self.centers)).clamp(-1 + 1e-6, 1 - 1e-6)
        theta = torch.acos(cos)
        hot = F.one_hot(label, cos.shape[1]).bool()
        logits = torch.where(hot, torch.cos((theta + self.margin).clamp(max=math.pi)), cos)
        return F.cross_entropy(self.scale * logits, label)


def build(args):
    net = nn.Sequential(nn.Linear(10, 64), nn.BatchNorm1d(64), nn.PReLU(), nn.Linear(64, args["dim"]))
    criterion = ArcMargin(args["dim"], args["classes"])
    groups = [
        {"params": [p for p in net.parameters() if p.ndim > 1], "weight_decay": 5e-4},
        {"params": [p for p in net.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=args["lr"], momentum=0.9)  # expect: parameter-not-optimized
    return net, criterion, optimizer


def main():
    torch.manual_seed(0)
    args = {"dim": 8, "classes": 12, "lr": 0.02}
    faces = torch.randn(args["classes"], 10)
    net, criterion, optimizer = build(args)
    for step in range(60):
        label = torch.randint(0, args["classes"], (32,))
        loss = criterion(net(faces[label] + 0.3 * torch.randn(32, 10)), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 0:
            print(f"{step}: {loss.item():.3f}")


if __name__ == "__main__":
    main()
