"""Cosine classifier in fp16 autocast; the epsilon is one that fp16 can hold."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class CosineHead(nn.Module):
    def __init__(self, dim, classes):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(classes, dim) / dim**0.5)

    def forward(self, x):
        x = x / (x.square().sum(-1, keepdim=True) + 1e-3).sqrt()
        return 8 * F.linear(x, F.normalize(self.weight, dim=-1))


def main():
    torch.manual_seed(0)
    centers = torch.randn(4, 12)
    model = nn.Sequential(nn.Linear(12, 24, bias=False), nn.ReLU(), CosineHead(24, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(50):
        y = torch.randint(0, 4, (32,))
        x = centers[y] + 0.5 * torch.randn(32, 12)
        x[0] = 0.0
        with torch.autocast("cpu", dtype=torch.float16):
            logits = model(x)
        loss = F.cross_entropy(logits.float(), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
