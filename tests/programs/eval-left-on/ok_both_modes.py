"""Consistency training: predictions with dropout are pulled towards clean ones, and both are trained, in every step."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 3))
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for step in range(12):
        x = torch.randn(16, 8)
        y = x[:, :3].argmax(1)
        net.train()
        noisy = net(x)
        net.eval()
        with torch.no_grad():
            sure = net(x).softmax(-1).amax(-1) > 0.4
        clean = net(x)
        loss = F.cross_entropy(clean, y) + (F.mse_loss(noisy, clean, reduction="none").mean(-1) * sure).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, loss.item())


if __name__ == "__main__":
    main()
