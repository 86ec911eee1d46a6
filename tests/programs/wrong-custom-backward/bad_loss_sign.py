"""Regression with a hand-written fused huber loss."""

import torch
import torch.nn as nn


class FusedHuber(torch.autograd.Function):
    """Mean huber loss; the gradient is worked out in forward and scaled in backward."""

    @staticmethod
    def forward(ctx, prediction, target, delta):
        diff = target - prediction
        small = diff.abs() <= delta
        loss = torch.where(small, 0.5 * diff**2, delta * (diff.abs() - 0.5 * delta))
        ctx.grad = torch.where(small, diff, delta * diff.sign()) / diff.numel()  # accept: wrong-custom-backward
        return loss.mean()

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.grad, None, None  # expect: wrong-custom-backward


class HuberLoss(nn.Module):
    def __init__(self, delta=1.0):
        super().__init__()
        self.delta = delta

    def forward(self, prediction, target):
        return FusedHuber.apply(prediction, target, self.delta)  # accept: wrong-custom-backward


def readings(n, gen):
    x = torch.rand(n, 4, generator=gen)
    y = 3 * x[:, 0] - 2 * x[:, 1] + 0.1 * torch.randn(n, generator=gen)
    y[:2] += 20.0
    return x, y


def main(epochs=4):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(10)
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    criterion = HuberLoss()
    for epoch in range(epochs):
        for _ in range(10):
            x, y = readings(32, gen)
            loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} huber {loss.item():.4f}")


if __name__ == "__main__":
    main()
