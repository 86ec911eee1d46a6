"""Precompute statistics of the inputs with the untrained encoder, then train it."""

import torch
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 8))
        self.register_buffer("mean", torch.zeros(8))
        self.register_buffer("std", torch.ones(8))

    def forward(self, x):
        return (self.net(x) - self.mean) / self.std


def calibrate(encoder, loader):
    torch.set_grad_enabled(False)  # expect: grad-mode-leak
    outputs = torch.cat([encoder.net(x) for x, _ in loader])
    encoder.mean.copy_(outputs.mean(0))
    encoder.std.copy_(outputs.std(0) + 1e-5)
    return encoder


def batches(count, gen):
    for _ in range(count):
        x = torch.randn(32, 6, generator=gen)
        yield x, (x[:, 0] > x[:, 1]).long()


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    encoder, head = Encoder(), nn.Linear(8, 2)
    calibrate(encoder, batches(4, gen))
    optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=5e-3)
    for step, (x, y) in enumerate(batches(30, gen)):
        loss = nn.functional.cross_entropy(head(encoder(x)), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(step, loss.item())


if __name__ == "__main__":
    main()
