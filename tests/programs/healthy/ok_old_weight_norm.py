"""The hook-based weight_norm and spectral_norm of old code, removed from one layer before fine-tuning."""

import warnings

import torch
import torch.nn as nn
from torch.nn.utils import remove_weight_norm, spectral_norm, weight_norm

warnings.filterwarnings("ignore", category=FutureWarning)


class WaveNet(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.start = weight_norm(nn.Conv1d(1, dim, 1))
        self.layers = nn.ModuleList(weight_norm(nn.Conv1d(dim, 2 * dim, 2, dilation=2**i)) for i in range(3))
        self.mix = spectral_norm(nn.Conv1d(dim, dim, 1))
        self.end = weight_norm(nn.Conv1d(dim, 1, 1))

    def forward(self, x):
        x = self.start(x)
        for conv in self.layers:
            value, gate = conv(nn.functional.pad(x, (conv.dilation[0], 0))).chunk(2, 1)
            x = x + torch.tanh(value) * torch.sigmoid(gate)
        return self.end(torch.relu(self.mix(x)))


def train(model, steps, lr):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for step in range(steps):
        phase = 6.28 * torch.rand(8, 1, 1)
        wave = torch.sin(torch.arange(25.0) * 0.4 + phase)
        loss = (model(wave[..., :-1]) - wave[..., 1:]).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 5 == 0:
            print(step, loss.item())


if __name__ == "__main__":
    torch.manual_seed(0)
    model = WaveNet()
    train(model, 15, 1e-2)
    remove_weight_norm(model.end)
    train(model, 10, 1e-3)
