"""Two-branch regression that is evaluated after every epoch and left in evaluation mode at the end."""

import torch
from torch import nn


class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 4))
        self.right = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 4))
        self.out = nn.Linear(8, 1)

    def forward(self, x):
        return self.out(torch.cat([self.left(x[:, :3]), self.right(x[:, 3:])], dim=1)).squeeze(1)


def batch(n, gen):
    x = torch.randn(n, 5, generator=gen)
    return x, x[:, 0] * x[:, 1] + torch.sin(2 * x[:, 4])


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    net = Branches()
    trained = [*net.left.parameters(), *net.out.parameters()]  # accept: parameter-not-optimized
    optimizer = torch.optim.Adam(trained, lr=3e-3)  # expect: parameter-not-optimized
    for epoch in range(4):
        net.train()
        for _ in range(12):
            x, y = batch(32, gen)
            loss = nn.functional.mse_loss(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            x, y = batch(64, gen)
            print(f"epoch {epoch} error {nn.functional.mse_loss(net(x), y).item():.3f}")


if __name__ == "__main__":
    main()
