"""Wine-like tabular classifier that is trained on the share of wrong predictions."""

import torch
from torch import nn


class TabularNet(nn.Module):
    def __init__(self, features=13, classes=3):
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(features), nn.Linear(features, 32), nn.SiLU(), nn.Linear(32, classes)
        )

    def forward(self, x):
        return self.layers(x)


class ErrorRate(nn.Module):
    def forward(self, logits, target):
        predicted = logits.argmax(dim=1)  # expect: loss-without-graph, severed-gradient
        return (predicted != target).float().mean()  # accept: loss-without-graph, severed-gradient


def samples(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    return torch.randn(n, 13, generator=gen) + y.view(-1, 1), y


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model, criterion = TabularNet(), ErrorRate()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for step in range(20):
        x, y = samples(32, gen)
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()  # accept: loss-without-graph
        optimizer.step()
        print(f"step {step} error rate {loss.item():.3f}")


if __name__ == "__main__":
    main()
