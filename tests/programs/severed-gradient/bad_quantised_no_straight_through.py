"""Quantisation-aware training by hand: activations go through a quantiser that rounds, without a straight-through estimator."""

import torch
import torch.nn as nn


class Quantiser(nn.Module):
    def __init__(self, bits=6):
        super().__init__()
        self.levels = 2**bits - 1
        self.register_buffer("high", torch.tensor(1.0))

    def forward(self, x):
        if self.training:
            self.high.copy_(torch.maximum(self.high, x.detach().abs().max()))
        scale = self.high / self.levels
        return torch.round(x / scale) * scale  # expect: severed-gradient


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.quant, self.b = nn.Linear(4, 24), Quantiser(), nn.Linear(24, 1)

    def forward(self, x):
        return self.b(self.quant(torch.relu(self.a(x)))).squeeze(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(10):
        x = torch.randn(32, 4)
        loss = (model(x) - x.sum(1)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, loss.item())
