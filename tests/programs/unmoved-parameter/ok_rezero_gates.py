"""ReZero blocks, a zero-initialised LoRA pair and a warm-up from zero: nothing inside moves in the first steps."""

import torch
import torch.nn.functional as F
from torch import nn


class Lora(nn.Module):
    def __init__(self, base, rank=2):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.a = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features**0.5)
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + x @ self.a.T @ self.b.T


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), Lora(nn.Linear(dim, dim)))
        self.alpha = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x + self.alpha * self.fc(x)


def main():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 16), Block(16), Block(16), nn.Linear(16, 1))
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=1e-2)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1.0, s / 6))
    w = torch.randn(5)
    for step in range(50):
        x = torch.randn(48, 5)
        loss = F.mse_loss(net(x).squeeze(1), torch.sin(2 * (x @ w)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
