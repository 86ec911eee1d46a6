"""Image classification that logs the input sensitivity of every batch."""

import torch
import torch.nn.functional as F
from torch import nn


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(8, 8, 3), nn.ReLU()
        )
        self.fc = nn.Linear(8 * 4, 2)

    def forward(self, x):
        return self.fc(self.features(x).flatten(1))


class SensitivityLog:
    def __init__(self):
        self.values = []

    def __call__(self, model, images):
        probe = images.clone().requires_grad_(True)
        model(probe).max(dim=1).values.sum().backward()
        self.values.append(probe.grad.abs().mean().item())
        model.zero_grad()  # expect: early-zero-grad


def make(n, gen):
    y = torch.randint(0, 2, (n,), generator=gen)
    x = 0.5 * torch.randn(n, 1, 8, 8, generator=gen)
    x[y == 1, :, :, 3:5] += 1.0
    return x, y


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model, log = ConvNet(), SensitivityLog()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(30):
        x, y = make(16, gen)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        log(model, x)  # accept: early-zero-grad
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f} sensitivity {log.values[-1]:.4f}")


if __name__ == "__main__":
    main()
