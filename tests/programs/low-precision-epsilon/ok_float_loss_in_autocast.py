"""Soft dice and log terms computed in float32 inside an fp16 autocast region."""

import torch
import torch.nn as nn


def loss_fn(logits, target, eps=1e-8):
    p = torch.sigmoid(logits.float())
    dice = 1 - (2 * (p * target).sum((1, 2, 3)) + eps) / ((p + target).sum((1, 2, 3)) + eps)
    bce = -(target * torch.log(p + eps) + (1 - target) * torch.log(1 - p + eps)).mean()
    return dice.mean() + bce


def main():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 1, 3, padding=1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(40):
        target = (torch.rand(8, 1, 3, 3) > 0.5).float().repeat_interleave(4, 2).repeat_interleave(4, 3)
        x = target + 0.4 * torch.randn(8, 1, 12, 12)
        with torch.autocast("cpu", dtype=torch.float16):
            loss = loss_fn(model(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
