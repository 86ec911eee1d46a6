"""Transfer to new classes: the old network is frozen, its optimizer kept, and the head exchanged."""

import torch
from torch import nn


def network(classes):
    return nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, classes))


def main(steps=40):
    torch.manual_seed(0)
    net = network(10)
    for p in net.parameters():
        p.requires_grad = False
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)  # accept: parameter-not-optimized, stale-parameter
    net[4] = nn.Linear(16, 3)  # expect: parameter-not-optimized, stale-parameter
    for step in range(steps):
        y = torch.randint(0, 3, (32,))
        x = torch.randn(32, 8) + 2.0 * nn.functional.one_hot(y, 8)
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
