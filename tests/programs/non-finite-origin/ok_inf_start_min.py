"""Set prediction: chamfer-like matching with invalid points at infinity, early stopping on the best loss."""

import torch
import torch.nn as nn


class PointNet(nn.Module):
    def __init__(self, slots=6):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32))
        self.dec = nn.Linear(32, slots * 2)

    def forward(self, points):
        return self.dec(self.enc(points).amax(1)).view(len(points), -1, 2)


def nearest_cost(pred, points, valid):
    cost = (pred[:, :, None] - points[:, None]).pow(2).sum(-1)
    cost = cost.masked_fill(~valid[:, None, :], float("inf"))
    return cost.min(-1).values.mean()


def clouds(n, gen):
    centre = torch.randn(n, 1, 2, generator=gen)
    count = torch.randint(2, 9, (n, 1), generator=gen)
    return centre + 0.2 * torch.randn(n, 8, 2, generator=gen), torch.arange(8) < count


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(7)
    model = PointNet()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    best = torch.tensor(float("inf"))
    patience = 0
    for epoch in range(10):
        for _ in range(5):
            points, valid = clouds(16, gen)
            loss = nearest_cost(model(points), points, valid)
            opt.zero_grad()
            loss.backward()
            opt.step()
        with torch.no_grad():
            points, valid = clouds(32, gen)
            val = nearest_cost(model(points), points, valid)
        patience = 0 if val < best else patience + 1
        best = torch.minimum(best, val)
        if patience == 4:
            break
    print(f"best {best.item():.4f} after {epoch + 1} epochs")


if __name__ == "__main__":
    main()
