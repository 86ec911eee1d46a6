"""Load forecasting with a GRU; squared error written out."""

import torch
import torch.nn as nn


class LoadNet(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.GRU(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.head(out[:, -1])  # accept: broadcast-loss


def windows(n, length=10):
    t = 6.28 * torch.rand(n, 1) + 0.4 * torch.arange(length + 1)
    series = t.sin() + 0.3 * (2 * t).cos()
    return series[:, :-1].unsqueeze(-1), series[:, -1]  # accept: broadcast-loss


def rmse(pred, target):
    return torch.sqrt(((pred - target) ** 2).mean())  # expect: broadcast-loss


def main():
    torch.manual_seed(0)
    model = LoadNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(50):
        x, y = windows(32)
        loss = rmse(model(x), y)  # accept: broadcast-loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} rmse {loss.item():.4f}")


if __name__ == "__main__":
    main()
