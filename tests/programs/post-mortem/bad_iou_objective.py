"""Box-mask network trained for the intersection over union directly."""

import torch
import torch.nn as nn


class MaskNet(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 1, 1))

    def forward(self, x):
        return torch.sigmoid(self.net(x))


class IoULoss(nn.Module):
    def __init__(self, threshold=0.5, smooth=1.0):
        super().__init__()
        self.threshold, self.smooth = threshold, smooth

    def forward(self, pred, mask):
        pred = (pred > self.threshold).float()  # expect: loss-without-graph
        overlap = (pred * mask).sum((1, 2, 3))
        union = (pred + mask).sum((1, 2, 3)) - overlap
        return 1 - ((overlap + self.smooth) / (union + self.smooth)).mean()


def main():
    torch.manual_seed(0)
    model, criterion = MaskNet(), IoULoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(20):
        mask = (torch.rand(6, 1, 3, 3) > 0.5).float().repeat_interleave(4, 2).repeat_interleave(4, 3)
        loss = criterion(model(mask + 0.4 * torch.randn_like(mask)), mask)
        optimizer.zero_grad()
        loss.backward()  # accept: loss-without-graph
        optimizer.step()
        print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
