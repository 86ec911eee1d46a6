"""Segmentation toy with a timing helper that measures inference latency after some steps."""

import time

import torch
import torch.nn as nn


class Latency:
    def __init__(self, model, sample):
        self.model, self.sample = model, sample
        self.guard = torch.no_grad()
        self.milliseconds = []

    def start(self):
        self.guard.__enter__()  # expect: grad-mode-leak
        self.begin = time.perf_counter()

    def stop(self):
        self.milliseconds.append(1000 * (time.perf_counter() - self.begin))
        if len(self.milliseconds) > 1:
            self.guard.__exit__(None, None, None)  # accept: grad-mode-leak

    def measure(self):
        self.start()
        self.model(self.sample)
        self.stop()
        return self.milliseconds[-1]


def blobs(n, gen):
    mask = (torch.rand(n, 1, 4, 4, generator=gen) < 0.3).float()
    mask = nn.functional.interpolate(mask, scale_factor=2)
    return mask + 0.4 * torch.randn(n, 1, 8, 8, generator=gen), mask


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(5)
    net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    latency = Latency(net, blobs(1, gen)[0])
    for step in range(30):
        x, y = blobs(8, gen)
        loss = nn.functional.binary_cross_entropy_with_logits(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step == 10:
            taken = latency.measure()
            print(f"step {step} loss {loss.item():.3f}", "latency measured" if taken else "")


if __name__ == "__main__":
    main()
