"""weight_norm, spectral_norm, orthogonal and a hand-made symmetric parametrization in one network."""

import torch
import torch.nn as nn
from torch.nn.utils import parametrizations, parametrize


class Symmetric(nn.Module):
    def forward(self, w):
        return w.triu() + w.triu(1).t()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = parametrizations.weight_norm(nn.Linear(4, 16))
        self.b = parametrizations.spectral_norm(nn.Linear(16, 16))
        self.c = nn.Linear(16, 16)
        parametrize.register_parametrization(self.c, "weight", Symmetric())
        self.d = parametrizations.orthogonal(nn.Linear(16, 16))
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        for layer in (self.a, self.b, self.c, self.d):
            x = torch.tanh(layer(x))
        return self.out(x).squeeze(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Net()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(30):
        x = torch.randn(32, 4)
        loss = (model(x) - x[:, 0]).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 4))
