"""Quantisation-aware training: straight-through rounding of weights by hand, torch's fake quantisation of activations."""

import warnings

import torch
import torch.nn as nn

warnings.filterwarnings("ignore", category=DeprecationWarning)


def fake_quantised(w, bits=4):
    scale = w.detach().abs().max() / (2 ** (bits - 1) - 1)
    q = (w / scale).round().clamp(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * scale
    return w + (q - w).detach()


class QLinear(nn.Linear):
    def forward(self, x):
        return nn.functional.linear(x, fake_quantised(self.weight), self.bias)


class Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, grad):
        return grad


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = QLinear(4, 24), QLinear(24, 24), nn.Linear(24, 1)
        self.observer = torch.ao.quantization.FakeQuantize.with_args(
            observer=torch.ao.quantization.MovingAverageMinMaxObserver, quant_min=0, quant_max=255, dtype=torch.quint8
        )()
        self.log_step = nn.Parameter(torch.tensor(-2.0))

    def forward(self, x):
        x = self.observer(torch.relu(self.a(x)))
        step = self.log_step.exp()
        x = Round.apply(torch.relu(self.b(x)) / step) * step
        return self.c(x).squeeze(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(25):
        x = torch.randn(32, 4)
        loss = (model(x) - x[:, 0] + x[:, 1]).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step == 15:
            model.observer.disable_observer()
        if step % 5 == 0:
            print(step, loss.item())
