"""Criteria, activations and pooling are made in the forward: none of them has anything to learn."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 8, 3, padding=1)
        self.u = nn.Parameter(0.3 * torch.randn(8, 2))
        self.v = nn.Parameter(0.3 * torch.randn(2, 8))
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        x = nn.ReLU()(self.conv(x))
        x = nn.InstanceNorm2d(8)(x)
        x = nn.AdaptiveAvgPool2d(2)(x)
        x = nn.Flatten(2)(x).amax(-1)
        low_rank = self.u @ self.v + torch.eye(8)
        return self.fc(F.linear(x, low_rank))

    def loss(self, x, y):
        return nn.CrossEntropyLoss(weight=torch.tensor([1.0, 1.5]))(self(x), y)


if __name__ == "__main__":
    torch.manual_seed(0)
    net = Net()
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    for step in range(40):
        y = torch.randint(0, 2, (16,))
        x = 0.5 * torch.randn(16, 2, 8, 8)
        x[y == 1, 0, :4, :4] += 1.5
        loss = net.loss(x, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")
