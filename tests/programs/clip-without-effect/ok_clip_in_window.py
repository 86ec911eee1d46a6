"""Accumulation where the running sum is clipped after every micro-batch and once more, tighter, before the step."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 20, batch_first=True)
        self.out = nn.Linear(20, 2)

    def forward(self, x):
        return self.out(self.rnn(x)[0].mean(1))


def main(accum=3):
    torch.manual_seed(0)
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    for i in range(60):
        y = torch.randint(0, 2, (12,))
        x = torch.randn(12, 8, 3) + 0.6 * (2 * y[:, None, None] - 1)
        (F.cross_entropy(net(x), y) / accum).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        if (i + 1) % accum == 0:
            nn.utils.clip_grad_norm_(net.parameters(), 0.1)
            optimizer.step()
            optimizer.zero_grad()
        if i % 15 == 0:
            with torch.no_grad():
                print(f"batch {i} loss {F.cross_entropy(net(x), y).item():.3f}")


if __name__ == "__main__":
    main()
