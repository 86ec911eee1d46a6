"""Segmentation-like training with an auxiliary boundary head whose weight is ramped up over the epochs."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv1d(1, 12, 5, padding=2), nn.ReLU(), nn.Conv1d(12, 12, 5, padding=2), nn.ReLU()
        )
        self.mask = nn.Conv1d(12, 1, 1)
        self.edge = nn.Conv1d(12, 1, 3, padding=1)

    def forward(self, x):
        h = self.trunk(x)
        return self.mask(h), self.edge(h)


class Ramp:
    def __init__(self, final, length):
        self.final, self.length = final, length

    def __call__(self, epoch):
        return self.final * (epoch // self.length)  # expect: unmoved-parameter


def bumps(n, length=32):
    lo = torch.randint(2, 14, (n, 1))
    pos = torch.arange(length)
    mask = ((pos >= lo) & (pos < lo + 10)).float()
    edge = (mask != mask.roll(1, 1)).float()
    return (mask + 0.4 * torch.randn(n, length))[:, None], mask[:, None], edge[:, None]


def main(epochs=6):
    torch.manual_seed(0)
    net, ramp = Net(), Ramp(0.4, epochs)
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(epochs):
        for _ in range(8):
            x, mask, edge = bumps(8)
            pm, pe = net(x)
            main_loss = F.binary_cross_entropy_with_logits(pm, mask)
            aux = F.binary_cross_entropy_with_logits(pe, edge)
            loss = main_loss + ramp(epoch) * aux  # accept: unmoved-parameter
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} mask {main_loss.item():.3f} edge {aux.item():.3f}")


if __name__ == "__main__":
    main()
