"""Denoise a signal: encoder features, smoothed with a Savitzky-Golay-like window, then decoded."""

import numpy as np
import torch
from torch import nn


def smooth_rows(rows, width=5):
    window = np.hanning(width + 2)[1:-1]
    window /= window.sum()
    return np.stack([np.convolve(row, window, mode="same") for row in rows])


class Smoother(nn.Module):
    def forward(self, x):
        batch, channels, length = x.shape
        rows = x.reshape(-1, length).detach().numpy()  # expect: severed-gradient
        smooth = torch.from_numpy(smooth_rows(rows)).float()  # accept: severed-gradient
        return smooth.reshape(batch, channels, length)


class Denoiser(nn.Module):
    def __init__(self, channels=8):
        super().__init__()
        self.analysis = nn.Conv1d(1, channels, 7, padding=3)
        self.smoother = Smoother()
        self.synthesis = nn.Sequential(nn.Conv1d(channels, channels, 3, padding=1), nn.ELU(), nn.Conv1d(channels, 1, 1))

    def forward(self, x):
        return self.synthesis(self.smoother(torch.tanh(self.analysis(x))))


def waves(n, rng):
    t = np.linspace(0, 1, 48)
    clean = np.sin(2 * np.pi * (rng.uniform(1, 4, (n, 1)) * t + rng.uniform(0, 1, (n, 1))))
    noisy = clean + 0.3 * rng.standard_normal(clean.shape)
    return (torch.from_numpy(a).float().unsqueeze(1) for a in (noisy, clean))


def main():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model = Denoiser()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(40):
        noisy, clean = waves(16, rng)
        loss = nn.functional.mse_loss(model(noisy), clean)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if (step + 1) % 10 == 0:
            print(f"{step + 1:3d} mse {loss.item():.4f}")


if __name__ == "__main__":
    main()
