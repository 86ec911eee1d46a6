"""Sales forecasting with a small temporal convolution."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class TCN(nn.Module):
    def __init__(self, ch=12):
        super().__init__()
        self.a = nn.Conv1d(1, ch, 3, padding=1)
        self.b = nn.Conv1d(ch, ch, 3, padding=2, dilation=2)
        self.out = nn.Linear(ch, 1)

    def forward(self, x):
        h = F.relu(self.b(F.relu(self.a(x[:, None]))))
        return self.out(h[..., -1]).squeeze(-1)


def series(n):
    t = torch.arange(21)
    season = torch.sin(t * 0.8 + torch.rand(n, 1) * 6.28)
    trend = 0.05 * t * torch.randn(n, 1)
    full = season + trend + 0.05 * torch.randn(n, 21)
    return TensorDataset(full[:, :-1], full[:, -1])


class Forecaster:
    def __init__(self, lr=5e-3):
        self.net = TCN()
        self.optim = torch.optim.SGD(self.net.parameters(), lr=lr)

    def fit(self, data, epochs):
        for epoch in range(epochs):
            total = 0.0
            for x, y in DataLoader(data, batch_size=16, shuffle=True):
                self.optim.zero_grad  # expect: missing-zero-grad
                loss = F.mse_loss(self.net(x), y)
                loss.backward()  # accept: missing-zero-grad
                self.optim.step()  # accept: missing-zero-grad
                total += loss.item()
            print(f"epoch {epoch} mse {total / 6:.4f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    Forecaster().fit(series(96), 6)
