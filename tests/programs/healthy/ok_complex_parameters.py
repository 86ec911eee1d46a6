"""Fourier neural operator in one dimension: complex weights, trained by Adam beside real ones; inputs by FFT."""

import torch
import torch.nn as nn


class SpectralConv(nn.Module):
    def __init__(self, width, modes):
        super().__init__()
        self.modes = modes
        self.weight = nn.Parameter(torch.randn(width, width, modes, dtype=torch.cfloat) / width)

    def forward(self, x):
        spectrum = torch.fft.rfft(x)
        kept = torch.einsum("bim,iom->bom", spectrum[..., : self.modes], self.weight)
        return torch.fft.irfft(kept, n=x.size(-1))


class Operator(nn.Module):
    def __init__(self, width=8, modes=4):
        super().__init__()
        self.lift = nn.Conv1d(1, width, 1)
        self.spectral = nn.ModuleList(SpectralConv(width, modes) for _ in range(2))
        self.local = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(2))
        self.out = nn.Conv1d(width, 1, 1)

    def forward(self, x):
        x = self.lift(x)
        for spectral, local in zip(self.spectral, self.local):
            x = nn.functional.gelu(spectral(x) + local(x))
        return self.out(x)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Operator()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(20):
        x = torch.randn(16, 1, 32)
        loss = (model(x) - x.cumsum(-1) / 32).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 5 == 0:
            print(step, loss.item())
