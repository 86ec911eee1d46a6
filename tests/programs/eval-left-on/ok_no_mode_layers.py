"""LayerNorm regressor without dropout; evaluation mode makes no difference to it."""

import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 24), nn.LayerNorm(24), nn.SiLU(), nn.Dropout(0.0), nn.Linear(24, 1))

    def forward(self, x):
        return self.body(x).squeeze(-1)


def predict(model, x):
    model.eval()
    with torch.no_grad():
        return model(x)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Net()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    grid = torch.rand(64, 3)
    for epoch in range(5):
        for _ in range(8):
            x = torch.rand(32, 3)
            loss = (model(x) - x.prod(1) * 4).pow(2).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        error = (predict(model, grid) - grid.prod(1) * 4).abs().mean()
        print(f"epoch {epoch} mae {error.item():.3f}")
