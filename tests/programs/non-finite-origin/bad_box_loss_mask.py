"""Toy single-stage detector: objectness for every cell, box regression for positive cells."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Detector(nn.Module):
    def __init__(self, channels=8):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, channels, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(channels, channels, 3, padding=1),
        )
        self.objectness = nn.Conv2d(channels, 1, 1)
        self.boxes = nn.Conv2d(channels, 4, 1)

    def forward(self, images):
        feat = F.relu(self.backbone(images))
        return self.objectness(feat).squeeze(1), self.boxes(feat)


class DetectionLoss(nn.Module):
    def __init__(self, box_weight=2.0):
        super().__init__()
        self.box_weight = box_weight

    def forward(self, obj, boxes, target_obj, target_boxes):
        obj_loss = F.binary_cross_entropy_with_logits(obj, target_obj)
        l1 = (boxes - target_boxes).abs().sum(1)
        box_loss = (l1 * target_obj).sum() / target_obj.sum()  # expect: non-finite-origin
        return obj_loss + self.box_weight * box_loss


def scenes(n, gen, density):
    images = 0.1 * torch.randn(n, 1, 8, 8, generator=gen)
    target = (torch.rand(n, 4, 4, generator=gen) < density).float()
    images = images + F.interpolate(target[:, None], scale_factor=2)
    return images, target, torch.rand(n, 4, 4, 4, generator=gen)


def train(iterations=24):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(11)
    model, criterion = Detector(), DetectionLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for it in range(iterations):
        density = 0.0 if it % 11 == 10 else 0.3  # every so often a shard of background images
        images, obj, boxes = scenes(4, gen, density)
        loss = criterion(*model(images), obj, boxes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"it {it:02d} loss {loss.item():.4f}") if it % 6 == 0 else None


if __name__ == "__main__":
    train()
