"""Focal-loss detector head: the classifier bias starts at the log-odds of a rare object, the ReLU features live."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class Head(nn.Module):
    def __init__(self, channels=8, prior=0.01):
        super().__init__()
        self.tower = nn.Sequential(nn.Conv2d(1, channels, 3, padding=1), nn.ReLU(), nn.Conv2d(channels, channels, 1))
        self.score = nn.Conv2d(channels, 1, 1)
        nn.init.normal_(self.score.weight, std=0.01)
        nn.init.constant_(self.score.bias, -math.log((1 - prior) / prior))

    def forward(self, x):
        return self.score(F.relu(self.tower(x))).squeeze(1)


def focal(logits, target, gamma=2.0):
    ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    p = torch.sigmoid(logits)
    return (ce * (target - p).abs().pow(gamma)).sum() / target.sum().clamp(min=1)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Head()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(30):
        target = (torch.rand(8, 8, 8) < 0.02).float()
        image = 3 * target[:, None] + 0.3 * torch.randn(8, 1, 8, 8)
        loss = focal(model(image), target)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 4))
