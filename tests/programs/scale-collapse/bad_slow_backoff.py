"""Tiny super-resolution network; a large initial scale to keep small fp16 gradients."""

import torch
import torch.nn as nn


class Upscaler(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 4, 3, padding=1))
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x):
        return self.shuffle(self.body(x))


def make_scaler():
    return torch.amp.GradScaler("cpu", init_scale=2.0**40, backoff_factor=0.95)  # expect: scale-collapse


def main():
    torch.manual_seed(0)
    model = Upscaler()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    scaler = make_scaler()
    for step in range(50):
        coarse = torch.rand(4, 1, 4, 4)
        sharp = nn.functional.interpolate(coarse, scale_factor=4, mode="bilinear")
        low = nn.functional.avg_pool2d(sharp, 2)
        with torch.autocast("cpu", dtype=torch.float16):
            loss = (model(low) - sharp).float().abs().mean()
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)  # accept: scale-collapse
        scaler.update()  # accept: scale-collapse
        if step % 10 == 0:
            print(f"step {step} l1 {loss.item():.4f}")


if __name__ == "__main__":
    main()
