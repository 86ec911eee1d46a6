"""Keep batch statistics fixed while training, by overriding train(); batches are small."""

import torch
import torch.nn.functional as F
from torch import nn


class ConvUnit(nn.Sequential):
    def __init__(self, c_in, c_out):
        super().__init__(nn.Conv1d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm1d(c_out), nn.ReLU())


class Detector(nn.Module):
    def __init__(self, fixed_stats=True):
        super().__init__()
        self.units = nn.ModuleList([ConvUnit(2, 8), ConvUnit(8, 8)])
        self.head = nn.Linear(8, 2)
        self.fixed_stats = fixed_stats

    def train(self, mode=True):
        super().train(mode)
        if mode and self.fixed_stats:
            for unit in self.units:
                unit.eval()
                for parameter in unit.parameters():  # accept: frozen-parameter
                    parameter.requires_grad = False  # expect: frozen-parameter
        return self

    def forward(self, x):
        for unit in self.units:
            x = unit(x)
        return self.head(x.amax(-1))


def bursts(n, gen):
    y = torch.randint(0, 2, (n,), generator=gen)
    x = torch.randn(n, 2, 16, generator=gen)
    x[y == 1, :, 6:9] += 1.5
    return x, y


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = Detector()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)  # accept: frozen-parameter
    for epoch in range(4):
        model.train()  # accept: frozen-parameter
        for _ in range(10):
            x, y = bursts(4, gen)
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            x, y = bursts(64, gen)
            print(f"epoch {epoch} accuracy {(model(x).argmax(1) == y).float().mean():.3f}")


if __name__ == "__main__":
    main()
