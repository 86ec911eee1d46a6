"""A WaveNet-like stack that predicts the next sample of a chirp."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import weight_norm


class Gated(nn.Module):
    def __init__(self, ch, dilation):
        super().__init__()
        self.pad = dilation
        self.conv = nn.Conv1d(ch, 2 * ch, 2, dilation=dilation)
        self.mix = nn.Conv1d(ch, ch, 1)

    def forward(self, x):
        a, b = self.conv(F.pad(x, (self.pad, 0))).chunk(2, dim=1)
        return x + self.mix(torch.tanh(a) * torch.sigmoid(b))


class Net(nn.Module):
    def __init__(self, ch=12):
        super().__init__()
        self.inp = nn.Conv1d(1, ch, 1)
        self.blocks = nn.Sequential(*[Gated(ch, 2**i) for i in range(4)])
        self.out = nn.Conv1d(ch, 1, 1)

    def forward(self, x):
        return self.out(F.relu(self.blocks(self.inp(x))))

    def apply_weight_norm(self):
        for block in self.blocks:
            weight_norm(block.conv)  # expect: stale-parameter
            weight_norm(block.mix)  # expect: stale-parameter


class Experiment:
    def __init__(self, lr):
        self.net = Net()
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=lr)  # accept: stale-parameter
        self.net.apply_weight_norm()  # accept: stale-parameter

    def step(self, wave):
        loss = F.mse_loss(self.net(wave[..., :-1]), wave[..., 1:])
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()


if __name__ == "__main__":
    torch.manual_seed(0)
    exp = Experiment(lr=5e-3)
    t = torch.linspace(0, 1, 49)
    for it in range(40):
        f = 2 + 4 * torch.rand(8, 1, 1)
        loss = exp.step(torch.sin(6.28 * f * t * (1 + t)))
        if it % 10 == 0:
            print(f"{it}: {loss:.4f}")
