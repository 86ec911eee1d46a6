"""Feature distillation between branches of one network: early exits imitate the features of the last one."""

import torch
import torch.nn.functional as F
from torch import nn


class EarlyExit(nn.Module):
    def __init__(self, dim=16, classes=3):
        super().__init__()
        self.stages = nn.ModuleList(nn.Sequential(nn.Linear(dim, dim), nn.SiLU()) for _ in range(3))
        self.exits = nn.ModuleList(nn.Linear(dim, classes) for _ in range(3))

    def forward(self, x):
        features, logits = [], []
        for stage, out in zip(self.stages, self.exits, strict=True):
            x = stage(x)
            features.append(x)
            logits.append(out(x))
        return features, logits


class SelfDistillation(nn.Module):
    def __init__(self, weight=0.5):
        super().__init__()
        self.weight = weight

    def forward(self, features, logits, labels):
        teacher = features[-1:] + logits[-1:]
        for target in teacher:
            target.detach()  # expect: ineffective-detach
        loss = sum(F.cross_entropy(out, labels) for out in logits)
        for feature, out in zip(features[:-1], logits[:-1], strict=True):
            loss = loss + self.weight * F.mse_loss(feature, teacher[0])  # accept: ineffective-detach
            loss = loss + self.weight * F.mse_loss(out, teacher[1])  # accept: ineffective-detach
        return loss


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model, criterion = EarlyExit(), SelfDistillation()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(40):
        x = torch.randn(32, 16, generator=gen)
        features, logits = model(x)
        loss = criterion(features, logits, x[:, :3].argmax(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")
