"""Hashing network: a sparse code layer is encouraged by starting every unit off."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def sparse_linear(n_in, n_out, offset=12.0):
    layer = nn.Linear(n_in, n_out)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.constant_(layer.bias, -offset)  # expect: dead-units
    return layer


class SparseCoder(nn.Module):
    def __init__(self, dim=16, code=48, classes=5):
        super().__init__()
        self.inp = nn.Linear(dim, 24)
        self.code = sparse_linear(24, code)  # accept: dead-units
        self.out = nn.Linear(code, classes)

    def forward(self, x):
        h = torch.tanh(self.inp(x))
        code = F.relu(self.code(h))  # accept: dead-units
        return self.out(code), code


def samples(n, gen):
    y = torch.randint(0, 5, (n,), generator=gen)
    protos = torch.randn(5, 16, generator=torch.Generator().manual_seed(9))
    return protos[y] + 0.3 * torch.randn(n, 16, generator=gen), y


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    net = SparseCoder()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for step in range(40):
        x, y = samples(32, gen)
        logits, code = net(x)
        loss = F.cross_entropy(logits, y) + 1e-3 * code.mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"{step} loss {loss.item():.4f}")
