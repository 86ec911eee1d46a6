"""SimSiam with a helper named after the paper's notation."""

import torch
import torch.nn.functional as F
from torch import nn


def stop_gradient(x):
    x.detach()  # expect: ineffective-detach
    return x


def distance(p, z):
    z = stop_gradient(z)  # accept: ineffective-detach
    return -F.cosine_similarity(p, z, dim=-1).mean()


class SimSiam(nn.Module):
    def __init__(self, dim=12, width=24):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(dim, width), nn.ReLU(), nn.Linear(width, width))
        self.predictor = nn.Sequential(nn.Linear(width, 8), nn.ReLU(), nn.Linear(8, width))

    def forward(self, first, second):
        z1, z2 = self.encoder(first), self.encoder(second)
        p1, p2 = self.predictor(z1), self.predictor(z2)
        return (distance(p1, z2) + distance(p2, z1)) / 2


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = SimSiam()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for step in range(40):
        x = torch.randn(64, 12, generator=gen)
        loss = model(x + 0.1 * torch.randn(64, 12, generator=gen), x + 0.1 * torch.randn(64, 12, generator=gen))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            with torch.no_grad():
                spread = F.normalize(model.encoder(x), dim=-1).std(0).mean()
            print(f"step {step + 1} loss {loss.item():.4f} spread {spread:.4f}")


if __name__ == "__main__":
    main()
