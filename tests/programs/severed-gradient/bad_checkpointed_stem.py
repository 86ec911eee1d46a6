"""Small residual network on time series; the wide stem is checkpointed to save memory."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint


class Block(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.conv1 = nn.Conv1d(c_in, c_out, 5, padding=2)
        self.conv2 = nn.Conv1d(c_out, c_out, 5, padding=2)
        self.short = nn.Conv1d(c_in, c_out, 1)

    def forward(self, x):
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.short(x))


class SeriesNet(nn.Module):
    def __init__(self, save_memory=True):
        super().__init__()
        self.stem = Block(3, 16)
        self.body = Block(16, 16)
        self.head = nn.Linear(16, 4)
        self.save_memory = save_memory

    def forward(self, x):
        if self.save_memory and self.training:
            x = checkpoint(self.stem, x, use_reentrant=True)  # expect: severed-gradient
        else:
            x = self.stem(x)
        return self.head(self.body(x).mean(-1))


def series(n, gen):
    y = torch.randint(0, 4, (n,), generator=gen)
    t = torch.linspace(0, 6.28, 24)
    return torch.sin(t * (y + 1).view(-1, 1, 1)) + 0.4 * torch.randn(n, 3, 24, generator=gen), y


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = SeriesNet().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(30):
        x, y = series(24, gen)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")
