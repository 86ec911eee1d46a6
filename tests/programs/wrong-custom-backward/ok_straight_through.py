"""Binary hidden codes through a straight-through estimator with the usual clipping."""

import torch
import torch.nn as nn


class BinarizeSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * (x.abs() <= 1).float()


class RoundSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, levels):
        return torch.round(x * levels) / levels

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output, None


class BinaryNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc, self.dec = nn.Linear(8, 24), nn.Linear(24, 8)

    def forward(self, x):
        code = BinarizeSTE.apply(self.enc(x))
        return self.dec(RoundSTE.apply(code * 0.5, 4))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = BinaryNet()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(50):
        x = torch.randn(64, 8)
        loss = (model(x) - x).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 4))
