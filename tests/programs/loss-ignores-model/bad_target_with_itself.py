"""Next-frame prediction; prediction and frame pass through a learned perceptual projection."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Predictor(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(2, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU()
        )
        self.out = nn.Conv2d(width, 1, 1)

    def forward(self, past):
        return self.out(self.net(past))


class PerceptualLoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Conv2d(1, 4, 3, padding=1)

    def forward(self, prediction, target):
        a, b = self.features(target), self.features(target.roll(1, -1))  # expect: loss-ignores-model
        return F.l1_loss(a, b) + F.l1_loss(a.mean(1), b.mean(1))  # accept: loss-ignores-model


def clip(n):
    start = torch.randint(0, 8, (n,))
    frames = torch.stack([F.one_hot((start + t) % 8, 8).float() for t in range(3)], 1)
    return frames.unsqueeze(2).expand(-1, -1, 8, -1)


def main():
    torch.manual_seed(0)
    model, criterion = Predictor(), PerceptualLoss()
    optimizer = torch.optim.Adam([*model.parameters(), *criterion.parameters()], lr=3e-3)
    for step in range(40):
        frames = clip(8)
        loss = criterion(model(frames[:, :2]), frames[:, 2:])  # accept: loss-ignores-model
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
