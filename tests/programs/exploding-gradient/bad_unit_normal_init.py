"""Deep ReLU regressor with its own initialisation."""

import torch
import torch.nn as nn


class Dense(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.w = nn.Parameter(torch.randn(n_in, n_out))  # expect: exploding-gradient
        self.b = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return x @ self.w + self.b  # accept: exploding-gradient


class Regressor(nn.Module):
    def __init__(self, dim=8, width=48, depth=8):
        super().__init__()
        sizes = [dim] + [width] * depth
        self.layers = nn.ModuleList(Dense(a, b) for a, b in zip(sizes, sizes[1:]))
        self.out = Dense(width, 1)

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.out(x).squeeze(-1)


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = Regressor()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for step in range(12):
        x = torch.randn(32, 8, generator=gen)
        loss = nn.functional.smooth_l1_loss(model(x), x.sum(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"step {step} loss {loss.item():.3g}")


if __name__ == "__main__":
    main()
