"""SimSiam: two views, a predictor, and a stop-gradient on the other branch."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class SimSiam(nn.Module):
    def __init__(self, dim=12, out=16):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(dim, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, out), nn.BatchNorm1d(out, affine=False)
        )
        self.predictor = nn.Sequential(nn.Linear(out, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, out))

    def forward(self, a, b):
        za, zb = self.encoder(a), self.encoder(b)
        pa, pb = self.predictor(za), self.predictor(zb)
        return -0.5 * (F.cosine_similarity(pa, zb.detach()).mean() + F.cosine_similarity(pb, za.detach()).mean())


def views(n):
    base = torch.randn(n, 12)
    return base + 0.2 * torch.randn(n, 12), base + 0.2 * torch.randn(n, 12)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = SimSiam()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    for step in range(40):
        loss = model(*views(64))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"{step} {loss.item():.3f}")
