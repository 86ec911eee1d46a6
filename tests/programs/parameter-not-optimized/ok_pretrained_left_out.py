"""Train a classifier on the features of an autoencoder that was trained before and is loaded from a checkpoint."""

import io

import torch
import torch.nn.functional as F
from torch import nn


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 8))

    def forward(self, x):
        return self.net(x)


class Probe(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        return self.fc(self.encoder(x))


def data(n, basis):
    y = torch.randint(0, 4, (n,))
    return basis[y] + 0.5 * torch.randn(n, 16), y


def pretrain(basis):
    encoder, decoder = Encoder(), nn.Linear(8, 16)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=5e-3)
    for _ in range(30):
        x, _ = data(32, basis)
        optimizer.zero_grad()
        F.mse_loss(decoder(encoder(x)), x).backward()
        optimizer.step()
    blob = io.BytesIO()
    torch.save(encoder.state_dict(), blob)
    return blob.getvalue()


def main():
    torch.manual_seed(0)
    basis = torch.randn(4, 16)
    checkpoint = pretrain(basis)
    model = Probe(Encoder())
    model.encoder.load_state_dict(torch.load(io.BytesIO(checkpoint)))
    optimizer = torch.optim.Adam(model.fc.parameters(), lr=2e-2)
    for step in range(30):
        x, y = data(32, basis)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"probe loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
