"""Segmentation of small volumes with a Dice loss that is averaged over the cases of the batch."""

import torch
from torch import nn


class SegNet(nn.Module):
    def __init__(self, width=6):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.ReLU())
        self.up = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, x):
        return torch.sigmoid(self.up(self.down(x)))


def dice(prediction, mask, smooth=1.0):
    overlap = (prediction * mask).sum()
    return (2 * overlap + smooth) / (prediction.sum() + mask.sum() + smooth)


def batch_dice_loss(predictions, masks):
    scores = [dice(p, m).item() for p, m in zip(predictions, masks, strict=True)]  # accept: loss-without-graph
    loss = 1 - torch.tensor(scores).mean()  # expect: loss-without-graph, severed-gradient
    return loss.requires_grad_()  # accept: loss-without-graph, severed-gradient


def discs(n, gen, size=14):
    grid = torch.arange(size).float()
    center = 4 + 6 * torch.rand(n, 2, generator=gen)
    dist = (grid.view(1, -1, 1) - center[:, :1, None]).pow(2) + (grid.view(1, 1, -1) - center[:, 1:, None]).pow(2)
    mask = (dist < 9).float().unsqueeze(1)
    return mask + 0.4 * torch.randn(mask.shape, generator=gen), mask


def main(epochs=3, steps=8):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = SegNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(epochs):
        total = 0.0
        for _ in range(steps):
            image, mask = discs(6, gen)
            loss = batch_dice_loss(model(image), mask)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} dice loss {total / steps:.4f}")


if __name__ == "__main__":
    main()
