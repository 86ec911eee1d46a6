"""Regression where the learning rate is halved once the validation loss has stopped improving."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau


def split(n, w):
    x = torch.randn(n, 10)
    return x, (x @ w).sin()


def main(epochs=14):
    torch.manual_seed(0)
    w = 0.4 * torch.randn(10)
    train, val = split(128, w), split(64, w)
    net = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    scheduler = ReduceLROnPlateau(optimizer, mode="max", factor=0.2, patience=0)  # expect: scheduler-misuse
    for epoch in range(epochs):
        for rows in torch.randperm(128).split(32):
            loss = F.mse_loss(net(train[0][rows]).squeeze(1), train[1][rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            score = F.mse_loss(net(val[0]).squeeze(1), val[1])
        scheduler.step(score)  # accept: scheduler-misuse
        print(f"epoch {epoch} val {score.item():.4f} lr {scheduler.get_last_lr()[0]:.1e}")


if __name__ == "__main__":
    main()
