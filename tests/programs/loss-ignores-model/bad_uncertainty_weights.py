"""Multi-task learning with learned uncertainty weights."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiTask(nn.Module):
    def __init__(self, dim=8, hidden=32):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU())
        self.depth, self.label = nn.Linear(hidden, 1), nn.Linear(hidden, 3)

    def forward(self, x):
        h = self.body(x)
        return self.depth(h), self.label(h)


class UncertaintyWeighting(nn.Module):
    def __init__(self, tasks):
        super().__init__()
        self.log_var = nn.Parameter(torch.zeros(tasks))

    def forward(self, losses):
        values = torch.tensor([v.item() for v in losses])  # expect: loss-ignores-model, severed-gradient
        return (values * torch.exp(-self.log_var) + self.log_var).sum()  # accept: loss-ignores-model


def main():
    torch.manual_seed(0)
    w = torch.randn(8, 4)
    model, weighting = MultiTask(), UncertaintyWeighting(2)
    optimizer = torch.optim.Adam([*model.parameters(), *weighting.parameters()], lr=1e-2)
    for step in range(50):
        x = torch.randn(64, 8)
        y = x @ w
        depth, label = model(x)
        parts = [F.l1_loss(depth, y[:, :1]), F.cross_entropy(label, y[:, 1:].argmax(1))]
        loss = weighting(parts)  # accept: loss-ignores-model
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} total {loss.item():.4f} parts {[round(p.item(), 3) for p in parts]}")


if __name__ == "__main__":
    main()
