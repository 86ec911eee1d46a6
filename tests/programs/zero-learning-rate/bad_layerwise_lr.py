"""Fine-tuning with learning rates that shrink towards the input layers."""

import torch
import torch.nn.functional as F
from torch import nn


class Encoder(nn.Module):
    def __init__(self, depth=5, dim=20):
        super().__init__()
        self.embed = nn.Linear(8, dim)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, dim), nn.GELU()) for _ in range(depth)
        )
        self.head = nn.Linear(dim, 3)

    def forward(self, x):
        x = self.embed(x)
        for layer in self.layers:
            x = x + layer(x)
        return self.head(x)


def layerwise_groups(model, base_lr, decay):
    groups = [{"params": list(model.head.parameters()), "lr": base_lr}]
    stages = [*reversed(model.layers), model.embed]
    for depth, module in enumerate(stages, start=1):
        lr = round(base_lr * decay**depth, 4)  # expect: zero-learning-rate
        groups.append({"params": list(module.parameters()), "lr": lr})  # accept: zero-learning-rate
    return groups


def main():
    torch.manual_seed(0)
    model = Encoder()
    groups = layerwise_groups(model, 1e-3, 0.5)  # accept: zero-learning-rate
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)  # accept: zero-learning-rate
    w = torch.randn(8, 3)
    for step in range(40):
        x = torch.randn(32, 8)
        loss = F.cross_entropy(model(x), (x @ w).argmax(1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
