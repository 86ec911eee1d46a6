"""Learning rate warms up from zero, then falls to zero by a cosine; weight decay on matrices only."""

import math

import torch
import torch.nn as nn

WARMUP, TOTAL = 5, 50


def factor(step):
    if step < WARMUP:
        return step / WARMUP
    return 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (TOTAL - WARMUP)))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 32), nn.LayerNorm(32), nn.GELU(), nn.Linear(32, 1))
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": 0.1},
        {"params": [p for p in model.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ]
    opt = torch.optim.AdamW(groups, lr=1e-2)
    scheduler = torch.optim.lr_scheduler.LambdaLR(opt, factor)
    for step in range(TOTAL):
        x = torch.randn(64, 6)
        loss = (model(x).squeeze(1) - x[:, 0] * x[:, 1]).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        scheduler.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3), f"lr {scheduler.get_last_lr()[0]:.4f}")
