"""Adapters in a frozen encoder; the adapters start as the identity."""

import io

import torch
import torch.nn.functional as F
from torch import nn


class Adapter(nn.Module):
    """Bottleneck adapter, silent at the start so that the encoder's features are kept."""

    def __init__(self, dim, rank=4):
        super().__init__()
        self.down = nn.Linear(dim, rank, bias=False)
        self.up = nn.Linear(rank, dim, bias=False)
        for layer in (self.down, self.up):  # accept: unmoved-parameter
            nn.init.zeros_(layer.weight)  # expect: unmoved-parameter, zero-initialised-pair

    def forward(self, x):
        return x + self.up(self.down(x))  # accept: unmoved-parameter


class Encoder(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.inp = nn.Linear(6, dim)
        self.mid = nn.Linear(dim, dim)

    def forward(self, x, adapters=(nn.Identity(), nn.Identity())):
        x = adapters[0](torch.tanh(self.inp(x)))
        return adapters[1](torch.tanh(self.mid(x)))


class Tuned(nn.Module):
    def __init__(self, encoder, classes):
        super().__init__()
        self.encoder = encoder.requires_grad_(False)
        self.adapters = nn.ModuleList(Adapter(16) for _ in range(2))
        self.head = nn.Linear(16, classes)

    def forward(self, x):
        return self.head(self.encoder(x, self.adapters))


def pretrained():
    blob = io.BytesIO()
    torch.save(Encoder().state_dict(), blob)
    blob.seek(0)
    encoder = Encoder()
    encoder.load_state_dict(torch.load(blob))
    return encoder


def main():
    torch.manual_seed(0)
    model = Tuned(pretrained(), 3)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2, weight_decay=0.01)
    w = torch.randn(6, 3)
    for step in range(40):
        x = torch.randn(32, 6)
        loss = F.cross_entropy(model(x), (x @ w).argmax(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
