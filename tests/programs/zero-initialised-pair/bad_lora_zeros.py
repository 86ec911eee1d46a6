"""Fine-tune a frozen regressor on a shifted task with low-rank adapters in its hidden layers."""

import copy

import torch
import torch.nn as nn


class LowRank(nn.Module):
    def __init__(self, base, rank=2, alpha=4.0):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.scale = alpha / rank
        self.down = nn.Parameter(torch.zeros(rank, base.in_features))  # expect: zero-initialised-pair
        self.up = nn.Parameter(torch.zeros(base.out_features, rank))  # accept: zero-initialised-pair

    def forward(self, x):
        return self.base(x) + (x @ self.down.t() @ self.up.t()) * self.scale  # accept: zero-initialised-pair


def mlp():
    return nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))


def fit(model, params, target, steps, gen, lr):
    optimizer = torch.optim.AdamW(params, lr=lr, weight_decay=0.0)
    for step in range(steps):
        x = torch.randn(64, 6, generator=gen)
        loss = nn.functional.mse_loss(model(x).squeeze(1), target(x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"  step {step} loss {loss.item():.4f}")


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    base = mlp()
    print("pretraining")
    fit(base, base.parameters(), lambda x: x[:, 0] - x[:, 1], 30, gen, 1e-2)
    tuned = copy.deepcopy(base)
    for i in (0, 2):
        tuned[i] = LowRank(tuned[i])
    tuned[4].requires_grad_(False)
    adapters = [p for p in tuned.parameters() if p.requires_grad]
    print("fine-tuning", sum(p.numel() for p in adapters), "weights")
    fit(tuned, adapters, lambda x: x[:, 0] + x[:, 2], 30, gen, 1e-2)


if __name__ == "__main__":
    main()
