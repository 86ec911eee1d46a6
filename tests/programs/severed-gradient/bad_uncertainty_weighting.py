"""Joint depth and normal regression; the two tasks are weighted by learned uncertainties (Kendall et al., 2018)."""

import torch
from torch import nn


class SharedNet(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(10, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.depth = nn.Linear(hidden, 1)
        self.normal = nn.Linear(hidden, 3)

    def forward(self, x):
        h = self.trunk(x)
        return self.depth(h).squeeze(-1), self.normal(h)


class UncertaintyLoss(nn.Module):
    def __init__(self, tasks=2):
        super().__init__()
        self.log_var = nn.Parameter(torch.zeros(tasks))

    def forward(self, losses):
        return (torch.exp(-self.log_var) * losses + self.log_var).sum()


def task_losses(prediction, target):
    depth = nn.functional.l1_loss(prediction[0], target[0]).item()  # accept: severed-gradient
    normal = nn.functional.mse_loss(prediction[1], target[1]).item()  # accept: severed-gradient
    return torch.tensor([depth, normal])  # expect: severed-gradient


def scene(n, gen):
    x = torch.randn(n, 10, generator=gen)
    return x, (x[:, :4].sum(1), torch.tanh(x[:, 4:7]))


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    net, weighting = SharedNet(), UncertaintyLoss()
    optimizer = torch.optim.Adam([*net.parameters(), *weighting.parameters()], lr=5e-3)
    for step in range(50):
        x, target = scene(32, gen)
        losses = task_losses(net(x), target)
        total = weighting(losses)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} total {total.item():.4f} depth {losses[0]:.4f} normal {losses[1]:.4f}")
