"""Adapters injected into a pretrained network by name, everything else frozen, merged at the end."""

import copy

import torch
import torch.nn as nn


class Injected(nn.Module):
    def __init__(self, base, rank=4, alpha=4):
        super().__init__()
        self.base = base
        self.lora_a = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features**0.5)
        self.lora_b = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scaling = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scaling * (x @ self.lora_a.t()) @ self.lora_b.t()

    @torch.no_grad()
    def merge(self):
        self.base.weight += self.scaling * self.lora_b @ self.lora_a
        return self.base


def inject(model, names):
    model.requires_grad_(False)
    for name in names:
        setattr(model, name, Injected(getattr(model, name)))
    return [p for p in model.parameters() if p.requires_grad]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.out = nn.Linear(6, 24), nn.Linear(24, 24), nn.Linear(24, 3)

    def forward(self, x):
        return self.out(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


def fit(model, params, steps, label):
    opt = torch.optim.Adam(params, lr=2e-2)
    for _ in range(steps):
        x = torch.randn(64, 6)
        loss = nn.functional.cross_entropy(model(x), label(x))
        opt.zero_grad()
        loss.backward()
        opt.step()
    return loss.item()


if __name__ == "__main__":
    torch.manual_seed(0)
    base = Net()
    print("base", round(fit(base, base.parameters(), 30, lambda x: x[:, :3].argmax(1)), 3))
    tuned = copy.deepcopy(base)
    adapters = inject(tuned, ["fc1", "fc2"])
    print("tuned", round(fit(tuned, adapters, 40, lambda x: x[:, 1:4].argmax(1)), 3))
    for name in ("fc1", "fc2"):
        setattr(tuned, name, getattr(tuned, name).merge())
