"""The encoder is made by a helper and never called: the line that makes it is named, however the script was started."""

import torch
from torch import nn


def build():
    encoder = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 16))  # expect: unused-parameter
    head = nn.Linear(10, 3)
    return nn.ModuleDict({"encoder": encoder, "head": head})


def main():
    torch.manual_seed(0)
    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(40):
        x = torch.randn(16, 10)
        loss = nn.functional.cross_entropy(model["head"](x), x[:, :3].argmax(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


main()
