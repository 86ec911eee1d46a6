"""Iterative magnitude pruning: masks are put on running layers and made permanent at the end."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import prune


def main():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    w = torch.randn(10, 3)
    layers = [m for m in net if isinstance(m, nn.Linear)]
    for cycle in range(4):
        for _ in range(12):
            x = torch.randn(32, 10)
            loss = F.cross_entropy(net(x), (x @ w).argmax(1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        for layer in layers[:-1]:
            prune.l1_unstructured(layer, "weight", amount=0.2)
        print(f"cycle {cycle} loss {loss.item():.3f}")
    for layer in layers[:-1]:
        prune.remove(layer, "weight")
    print("left", sum(int((p != 0).sum()) for p in net.parameters()))


if __name__ == "__main__":
    main()
