"""Detector-like regression: batches without any object have a constant loss and are skipped."""

import torch
from torch import nn


class BoxNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 4))

    def loss(self, x, boxes, present):
        if not present.any():
            return x.new_zeros(())
        return nn.functional.smooth_l1_loss(self.net(x[present]), boxes[present])


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    weight = torch.randn(10, 4, generator=gen)
    model = BoxNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    skipped = 0
    for step in range(60):
        x = torch.randn(4, 10, generator=gen)
        present = torch.rand(4, generator=gen) < 0.4
        loss = model.loss(x, x @ weight, present)
        if not loss.requires_grad:
            skipped += 1
            continue
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 15 == 14:
            print(f"step {step + 1} loss {loss.item():.4f}")
    print(f"{skipped} batches without objects")


if __name__ == "__main__":
    main()
