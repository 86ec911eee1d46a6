"""Tabular trainer class with BatchNorm, evaluation every few iterations and a memory of the best weights."""

import copy

import torch
import torch.nn as nn


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.MSELoss()
        self.best, self.best_state = float("inf"), None

    def step(self, x, y):
        loss = self.criterion(self.model(x), y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def evaluate(self, x, y):
        self.model.eval()  # expect: eval-left-on
        with torch.no_grad():
            score = self.criterion(self.model(x), y).item()
        if score < self.best:
            self.best = score
            self.best_state = copy.deepcopy(self.model.state_dict())
            return score  # accept: eval-left-on
        self.model.train()  # accept: eval-left-on
        return score

    def fit(self, data, valid, iterations, every=5):
        for it in range(iterations):
            loss = self.step(*data())
            if it % every == 0:
                print(f"{it:3d} train {loss:.4f} valid {self.evaluate(*valid):.4f}")  # accept: eval-left-on


def make_data(gen, n=32):
    x = torch.randn(n, 6, generator=gen) * torch.tensor([1.0, 5.0, 0.2, 1.0, 3.0, 1.0]) + 2.0
    return x, (x[:, :1] - 0.3 * x[:, 1:2]).tanh() + 0.1 * x[:, 4:5]


def build():
    return nn.Sequential(
        nn.Linear(6, 32),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Linear(32, 32),
        nn.BatchNorm1d(32),
        nn.ReLU(),
        nn.Linear(32, 1),
    )


if __name__ == "__main__":
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    trainer = Trainer(build(), lr=3e-3)
    trainer.fit(lambda: make_data(generator), make_data(generator, 128), iterations=40)
