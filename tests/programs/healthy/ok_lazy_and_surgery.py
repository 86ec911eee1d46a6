"""Lazy modules are materialised by a dry run, the head is replaced, and only then comes the optimizer."""

import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv = nn.LazyConv1d(8, 3)
        self.norm = nn.LazyBatchNorm1d()
        self.head = nn.LazyLinear(classes)

    def forward(self, x):
        return self.head(torch.relu(self.norm(self.conv(x))).flatten(1))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Net(10)
    with torch.no_grad():
        model(torch.zeros(2, 1, 12))
    model.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(model.head.in_features, 3))
    model.norm.reset_running_stats()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(40):
        y = torch.randint(0, 3, (32,))
        x = torch.sin(torch.arange(12.0) * (0.5 + 0.5 * y[:, None]))[:, None] + 0.3 * torch.randn(32, 1, 12)
        loss = nn.functional.cross_entropy(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))
