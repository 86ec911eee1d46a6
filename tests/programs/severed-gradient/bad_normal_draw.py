"""Autoencoder of spectra whose code is drawn around the encoder's means; the penalty on the code was left for later."""

import torch
from torch import nn


class Drawn(nn.Module):
    def __init__(self, bins=24, code=5):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(bins, 32), nn.Tanh(), nn.Linear(32, 2 * code))
        self.decode = nn.Sequential(nn.Linear(code, 32), nn.Tanh(), nn.Linear(32, bins))

    def forward(self, spectra):
        mean, scale = self.encode(spectra).chunk(2, dim=1)
        deviation = nn.functional.softplus(scale)
        code = torch.normal(mean, deviation)  # expect: severed-gradient
        return self.decode(code)


def main():
    torch.manual_seed(5)
    mixing = torch.randn(4, 24)
    model = Drawn()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(40):
        spectra = torch.randn(32, 4) @ mixing
        loss = (model(spectra) - spectra).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
