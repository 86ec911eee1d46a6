# expect-anywhere: non-finite-origin, exploding-gradient
"""House price regression with momentum SGD."""

import torch
import torch.nn as nn


def houses(n, gen):
    area = 40 + 160 * torch.rand(n, generator=gen)
    rooms = torch.randint(1, 7, (n,), generator=gen).float()
    age = 60 * torch.rand(n, generator=gen)
    price = 2.0 * area + 10.0 * rooms - 0.5 * age + 5.0 * torch.randn(n, generator=gen)
    return torch.stack([area, rooms, age], 1), price[:, None]


def main(epochs=6):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(4)
    x, y = houses(128, gen)
    model = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(epochs):
        for xb, yb in zip(x.split(32), y.split(32)):
            loss = nn.functional.mse_loss(model(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} mse {loss.item():.3g}")


if __name__ == "__main__":
    main()
