"""Classifier with a separately optimised probe that reports how much of the domain its features reveal."""

import torch
import torch.nn.functional as F
from torch import nn


class FeatureNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
        self.classify = nn.Linear(16, 3)

    def forward(self, x):
        features = self.body(x)
        return self.classify(features), features


class Monitor:
    """Trains its own probe next to the model and must not influence it."""

    def __init__(self, dim=16):
        self.probe = nn.Sequential(nn.Linear(dim, 16), nn.ReLU(), nn.Linear(16, 2))
        self.optimizer = torch.optim.Adam(self.probe.parameters(), lr=1e-2)

    def observe(self, features, domain):
        loss = F.cross_entropy(self.probe(features), domain)  # expect: missing-detach
        self.optimizer.zero_grad()
        loss.backward(retain_graph=True)  # accept: missing-detach
        self.optimizer.step()
        return loss.item()


def samples(n, gen):
    domain = torch.randint(0, 2, (n,), generator=gen)
    x = torch.randn(n, 10, generator=gen)
    y = x[:, :3].argmax(1)
    x[:, 5] += 2.0 * domain
    return x, y, domain


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    net, monitor = FeatureNet(), Monitor()
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for step in range(50):
        x, y, domain = samples(64, gen)
        logits, features = net(x)
        loss = F.cross_entropy(logits, y)
        optimizer.zero_grad()
        leak = monitor.observe(features, domain)  # accept: missing-detach
        loss.backward()  # accept: missing-detach
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f} probe {leak:.4f}")


if __name__ == "__main__":
    main()
