"""Frozen fp16 backbone with fp32 adapters and head, trained with a scaler under autocast."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Adapter(nn.Module):
    def __init__(self, dim, rank=4):
        super().__init__()
        self.down = nn.Linear(dim, rank)
        self.up = nn.Linear(rank, dim)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x):
        return x + self.up(F.gelu(self.down(x)))


class Classifier(nn.Module):
    def __init__(self, backbone, dim=32, classes=3):
        super().__init__()
        self.backbone = backbone.half().requires_grad_(False)
        self.adapter = Adapter(dim)
        self.head = nn.Linear(dim, classes)

    def forward(self, x):
        return self.head(self.adapter(self.backbone(x)))


def main():
    torch.manual_seed(0)
    centers = torch.randn(3, 12)
    model = Classifier(nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU()))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=5e-3)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    for step in range(50):
        y = torch.randint(0, 3, (32,))
        x = centers[y] + torch.randn(32, 12)
        with torch.autocast("cpu", dtype=torch.float16):
            loss = F.cross_entropy(model(x).float(), y)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
