"""Layer-wise rates over four orders of magnitude; the backbone's rate is zero until it is released."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Linear(8, 24), nn.ReLU())
    neck = nn.Sequential(nn.Linear(24, 24), nn.ReLU())
    head = nn.Linear(24, 3)
    optimizer = torch.optim.Adam(
        [
            {"params": backbone.parameters(), "lr": 0.0, "name": "backbone"},
            {"params": neck.parameters(), "lr": 1e-6, "name": "neck"},
            {"params": head.parameters(), "lr": 1e-2, "name": "head"},
        ]
    )
    w = torch.randn(8, 3)
    for step in range(50):
        if step == 20:
            for group in optimizer.param_groups:
                group["lr"] = max(group["lr"], 3e-3)
        x = torch.randn(32, 8)
        loss = F.cross_entropy(head(neck(backbone(x))), (x @ w).argmax(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
