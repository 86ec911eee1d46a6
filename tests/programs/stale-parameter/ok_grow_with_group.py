"""Gradual stacking: every stage appends a block and hands its parameters to the running optimizer."""

import torch
import torch.nn.functional as F
from torch import nn


class Stack(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.dim = dim
        self.inp = nn.Linear(5, dim)
        self.blocks = nn.ModuleList()
        self.out = nn.Linear(dim, 1)

    def grow(self):
        block = nn.Sequential(nn.LayerNorm(self.dim), nn.Linear(self.dim, self.dim), nn.GELU())
        self.blocks.append(block)
        return block

    def forward(self, x):
        x = self.inp(x)
        for block in self.blocks:
            x = x + block(x)
        return self.out(x).squeeze(1)


def main():
    torch.manual_seed(0)
    model = Stack()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    w = torch.randn(5)
    for stage in range(3):
        optimizer.add_param_group({"params": model.grow().parameters(), "lr": 1e-2})
        for _ in range(20):
            x = torch.randn(32, 5)
            loss = F.mse_loss(model(x), torch.sin(x @ w))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"stage {stage} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
