"""bf16 autocast needs no loss scaling; gradients are clipped and logged directly."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Mixer(nn.Module):
    def __init__(self, patches=16, dim=16, classes=3):
        super().__init__()
        self.embed = nn.Linear(4, dim)
        self.token = nn.Sequential(nn.LayerNorm(patches), nn.Linear(patches, 32), nn.GELU(), nn.Linear(32, patches))
        self.channel = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 32), nn.GELU(), nn.Linear(32, dim))
        self.head = nn.Linear(dim, classes)

    def forward(self, x):
        x = self.embed(x)
        x = x + self.token(x.transpose(1, 2)).transpose(1, 2)
        x = x + self.channel(x)
        return self.head(x.mean(1))


def main():
    torch.manual_seed(0)
    templates = torch.randn(3, 16, 4)
    model = Mixer()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    norms = []
    for step in range(50):
        y = torch.randint(0, 3, (32,))
        x = templates[y] + torch.randn(32, 16, 4)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        largest = max(p.grad.abs().max().item() for p in model.parameters())
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f} norm {norms[-1]:.3f} largest {largest:.4f}")


if __name__ == "__main__":
    main()
