"""Bottleneck adapters and LoRA between the frozen layers of a loaded network; only they and the norms train."""

import torch
import torch.nn.functional as F
from torch import nn


class Adapter(nn.Module):
    def __init__(self, dim, bottleneck=4):
        super().__init__()
        self.down, self.up = nn.Linear(dim, bottleneck), nn.Linear(bottleneck, dim)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x):
        return x + self.up(F.relu(self.down(x)))


class Net(nn.Module):
    def __init__(self, dim=24, adapters=False):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(dim, dim) for _ in range(3))
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3))
        self.adapters = nn.ModuleList(Adapter(dim) if adapters else nn.Identity() for _ in range(3))
        self.out = nn.Linear(dim, 2)

    def forward(self, x):
        for layer, norm, adapter in zip(self.layers, self.norms, self.adapters, strict=True):
            x = adapter(norm(F.gelu(layer(x))))
        return self.out(x)


def main():
    torch.manual_seed(0)
    base = Net().state_dict()
    model = Net(adapters=True)
    missing, _ = model.load_state_dict(base, strict=False)
    for name, p in model.named_parameters():
        p.requires_grad = name in missing or "norms" in name or name.startswith("out")
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=5e-3)
    for step in range(40):
        x = torch.randn(32, 24)
        loss = F.cross_entropy(model(x), (x[:, 0] + x[:, 1] > 0).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
