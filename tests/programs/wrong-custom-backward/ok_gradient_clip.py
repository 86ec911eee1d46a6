"""Identity whose backward clamps and scales the gradient, used on a recurrent state."""

import torch
import torch.nn as nn


class ClipGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, bound):
        ctx.bound = bound
        return x.clone()

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output.clamp(-ctx.bound, ctx.bound), None


class ScaleGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.scale = scale
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output * ctx.scale, None


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.value, self.aux = nn.GRUCell(2, 16), nn.Linear(16, 1), nn.Linear(16, 1)

    def forward(self, x):
        h = x.new_zeros(len(x), 16)
        for step in x.unbind(1):
            h = ClipGradient.apply(self.cell(step, h), 0.01)
        return self.value(h).squeeze(1), self.aux(ScaleGradient.apply(h, 0.1)).squeeze(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Recurrent()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(40):
        x = torch.randn(32, 10, 2)
        value, aux = model(x)
        loss = (value - x[:, -3:, 0].sum(1)).pow(2).mean() + (aux - x[:, -1, 1]).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))
