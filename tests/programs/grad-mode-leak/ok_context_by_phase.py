"""One loop for the phases train and val, with gradients enabled by phase."""

import torch
import torch.nn as nn


def spirals(n, gen):
    y = torch.randint(0, 2, (n,), generator=gen)
    r = torch.rand(n, generator=gen)
    angle = 3 * r + 3.14 * y
    x = torch.stack([r * angle.cos(), r * angle.sin()], 1)
    return x + 0.03 * torch.randn(n, 2, generator=gen), y


def run(model, optimizer, phases, epochs, gen):
    for epoch in range(epochs):
        for phase in phases:
            is_train = phase == "train"
            model.train(is_train)
            total = 0.0
            for _ in range(6 if is_train else 2):
                x, y = spirals(32, gen)
                optimizer.zero_grad()
                with torch.set_grad_enabled(is_train):
                    loss = nn.functional.cross_entropy(model(x), y)
                    if is_train:
                        loss.backward()
                        optimizer.step()
                total += loss.item()
            print(f"epoch {epoch} {phase} {total:.3f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Dropout(0.1), nn.Linear(32, 2))
    run(net, torch.optim.Adam(net.parameters(), lr=1e-2), ["train", "val"], 6, torch.Generator().manual_seed(0))
