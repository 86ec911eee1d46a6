"""PCGrad: each task's gradient is read and cleared, conflicts are projected out, the sum is put back."""

import torch
import torch.nn.functional as F
from torch import nn


class MultiTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(6, 32), nn.ReLU())
        self.heads = nn.ModuleList(nn.Linear(32, 1) for _ in range(2))

    def forward(self, x):
        h = self.trunk(x)
        return [head(h).squeeze(1) for head in self.heads]


def flat(params):
    return torch.cat([torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in params])


def project(grads):
    out = [g.clone() for g in grads]
    for i, g in enumerate(out):
        for j, other in enumerate(grads):
            dot = g @ other
            if i != j and dot < 0:
                g -= dot / other.pow(2).sum() * other
    return sum(out)


def main():
    torch.manual_seed(0)
    model, w = MultiTask(), torch.randn(6, 2)
    params = list(model.parameters())
    optimizer = torch.optim.Adam(params, lr=5e-3)
    for step in range(50):
        x = torch.randn(48, 6)
        targets = [torch.sin(x @ w[:, 0]), torch.cos(x @ w[:, 1])]
        losses = [F.mse_loss(p, t) for p, t in zip(model(x), targets)]
        grads = []
        for loss in losses:
            optimizer.zero_grad()
            loss.backward(retain_graph=True)
            grads.append(flat(params))
        total = project(grads)
        optimizer.zero_grad()
        for p, g in zip(params, total.split([p.numel() for p in params])):
            p.grad = g.view_as(p).clone()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} losses {[round(v.item(), 3) for v in losses]}")


if __name__ == "__main__":
    main()
