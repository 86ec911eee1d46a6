"""Predict delivery time from order features with a ReLU network."""

import torch
import torch.nn as nn


class Estimator(nn.Module):
    def __init__(self, features=5, hidden=16):
        super().__init__()
        self.fc1 = nn.Linear(features, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))  # accept: dead-units
        return self.out(x).squeeze(-1)


def orders(n, gen):
    x = torch.rand(n, 5, generator=gen)
    minutes = 20 + 30 * x[:, 0] + 10 * x[:, 1] * x[:, 2]
    return x, minutes


def build_optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.15)  # expect: dead-units


def main(steps=50):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = Estimator()
    optimizer = build_optimizer(model)
    for step in range(steps):
        x, y = orders(64, gen)
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} mse {loss.item():.3f}")


if __name__ == "__main__":
    main()
