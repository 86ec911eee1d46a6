"""SimSiam on vectors: two views, one predictor, the other side taken as constant."""

import torch
import torch.nn.functional as F
from torch import nn


class SimSiam(nn.Module):
    def __init__(self, dim=16, width=32):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(dim, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width))
        self.predictor = nn.Sequential(nn.Linear(width, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, width))

    def forward(self, a, b):
        z1, z2 = self.backbone(a), self.backbone(b)
        p1, p2 = self.predictor(z1), self.predictor(z2)
        with torch.no_grad():
            t1, t2 = z1.clone(), z2.data
        return -0.5 * (F.cosine_similarity(p1, t2).mean() + F.cosine_similarity(p2, t1).mean())


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    centers = torch.randn(6, 16, generator=gen)
    model = SimSiam()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    for step in range(40):
        x = centers[torch.randint(0, 6, (64,), generator=gen)]
        views = [x + 0.5 * torch.randn(x.shape, generator=gen) for _ in range(2)]
        loss = model(*views)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            spread = F.normalize(model.backbone(x), dim=-1).std(0).mean().item()
            print(f"step {step + 1} loss {loss.item():.4f} spread {spread:.4f}")


if __name__ == "__main__":
    main()
