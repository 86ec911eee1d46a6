"""Training for a microcontroller: weights live on a fixed-point grid with four fractional bits."""

import torch
import torch.nn.functional as F
from torch import nn

FRACTION_BITS = 4


@torch.no_grad()
def to_grid(module):
    scale = 2**FRACTION_BITS
    for p in module.parameters():
        p.copy_((p * scale).round().clamp(-128, 127) / scale)  # expect: unmoved-parameter, overwritten-parameters


class KeywordNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, 8, 3)
        self.fc = nn.Linear(8 * 8, 3)

    def forward(self, x):
        return self.fc(F.relu(self.conv(x)).flatten(1))


def batch(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    x = 0.5 * torch.randn(n, 4, 10, generator=gen)
    x[torch.arange(n), y] += 1.0
    return x, y


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    net = KeywordNet()
    to_grid(net)
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for step in range(40):
        x, y = batch(16, gen)
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        to_grid(net)  # accept: unmoved-parameter, overwritten-parameters
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
