"""Domain-adversarial training: both losses are meant to reach the shared features, one of them reversed."""

import torch
import torch.nn.functional as F
from torch import nn


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return -ctx.strength * grad, None


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    features = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
    label, domain = nn.Linear(16, 3), nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2))
    opt_features = torch.optim.Adam(features.parameters(), lr=3e-3)
    opt_label = torch.optim.Adam(label.parameters(), lr=3e-3)
    opt_domain = torch.optim.Adam(domain.parameters(), lr=3e-3)
    optimizers = (opt_features, opt_label, opt_domain)
    for step in range(60):
        where = torch.randint(0, 2, (64,), generator=gen)
        x = torch.randn(64, 10, generator=gen)
        y = x[:, :3].argmax(1)
        x[:, 5] += where
        h = features(x)
        class_loss = F.cross_entropy(label(h), y)
        domain_loss = F.cross_entropy(domain(Reverse.apply(h, 0.1)), where)
        for optimizer in optimizers:
            optimizer.zero_grad()
        (class_loss + domain_loss).backward()
        for optimizer in optimizers:
            optimizer.step()
        if step % 15 == 14:
            print(f"step {step + 1} class {class_loss.item():.4f} domain {domain_loss.item():.4f}")


if __name__ == "__main__":
    main()
