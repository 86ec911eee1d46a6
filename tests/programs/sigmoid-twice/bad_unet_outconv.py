"""Binary segmentation with a two-level U-Net; the output layer is a helper from the model zoo."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class OutConv(nn.Module):
    def __init__(self, width, activation=None):
        super().__init__()
        self.conv = nn.Conv2d(width, 1, 1)
        self.activation = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, None: nn.Identity()}[activation]

    def forward(self, x):
        return self.activation(self.conv(x))  # accept: sigmoid-twice


class UNet(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.enc = nn.Conv2d(1, width, 3, padding=1)
        self.mid = nn.Conv2d(width, width, 3, padding=1)
        self.dec = nn.Conv2d(2 * width, width, 3, padding=1)
        self.out = OutConv(width, activation="sigmoid")  # accept: sigmoid-twice

    def forward(self, x):
        a = F.relu(self.enc(x))
        b = F.interpolate(F.relu(self.mid(F.max_pool2d(a, 2))), scale_factor=2)
        return self.out(F.relu(self.dec(torch.cat([a, b], 1))))


def dice_bce(pred, mask):
    overlap = 2 * (pred * mask).sum((1, 2, 3)) + 1
    dice = 1 - overlap / (pred.sum((1, 2, 3)) + mask.sum((1, 2, 3)) + 1)
    return dice.mean() + F.binary_cross_entropy_with_logits(pred, mask)  # expect: sigmoid-twice


def main():
    torch.manual_seed(0)
    model = UNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(40):
        mask = (torch.rand(8, 1, 3, 3) > 0.7).float().repeat_interleave(4, 2).repeat_interleave(4, 3)
        image = mask + 0.5 * torch.randn(8, 1, 12, 12)
        loss = dice_bce(model(image), mask)  # accept: sigmoid-twice
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
