"""Regression with a small logger; tensors are detached out of habit once the step is done."""

import torch
from torch import nn


class Logger:
    def __init__(self):
        self.rows = []

    def log(self, **values):
        self.rows.append({name: float(value) for name, value in values.items()})


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    logger = Logger()
    for step in range(50):
        x = torch.randn(32, 6, generator=gen)
        y = x[:, :1] * x[:, 1:2]
        prediction = model(x)
        loss = nn.functional.mse_loss(prediction, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.detach()
        prediction.detach()
        with torch.no_grad():
            logger.log(loss=loss, bias=(prediction - y).mean())
        if step % 10 == 9:
            print(f"step {step + 1} {logger.rows[-1]}")


if __name__ == "__main__":
    main()
