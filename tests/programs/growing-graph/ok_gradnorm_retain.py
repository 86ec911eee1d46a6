"""Loss balancing by gradient norm: the graph of each step is walked several times and then let go."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    trunk = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
    heads = nn.ModuleList([nn.Linear(16, 1), nn.Linear(16, 3)])
    optimizer = torch.optim.Adam([*trunk.parameters(), *heads.parameters()], lr=5e-3)
    shared = trunk[2].weight
    for step in range(50):
        x = torch.randn(32, 10, generator=gen)
        h = trunk(x)
        losses = [
            10 * F.mse_loss(heads[0](h).squeeze(-1), x[:, 0] * x[:, 1]),
            F.cross_entropy(heads[1](h), x[:, :3].argmax(1)),
        ]
        norms = torch.stack([torch.autograd.grad(loss, shared, retain_graph=True)[0].norm() for loss in losses])
        weights = norms.mean() / (norms + 1e-6)
        optimizer.zero_grad()
        losses[0].mul(weights[0]).backward(retain_graph=True)
        losses[1].mul(weights[1]).backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} " + " ".join(f"{loss.item():.4f}" for loss in losses))


if __name__ == "__main__":
    main()
