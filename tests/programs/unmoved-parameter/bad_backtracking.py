"""Gradient descent that takes a step back when the step made things worse."""

import torch
import torch.nn.functional as F
from torch import nn


class SafeStep:
    """Takes an optimizer's step and keeps it only if the loss on the same batch went down."""

    def __init__(self, model, optimizer, slack=0.0):
        self.model, self.optimizer, self.slack = model, optimizer, slack
        self.kept = 0

    def __call__(self, batch_loss):
        before = batch_loss()
        self.optimizer.zero_grad()
        before.backward()
        backup = [p.detach().clone() for p in self.model.parameters()]
        self.optimizer.step()
        with torch.no_grad():
            gain = batch_loss() - before
            if gain > self.slack:  # accept: unmoved-parameter, overwritten-parameters
                self.kept += 1
            else:
                for p, old in zip(self.model.parameters(), backup):
                    p.copy_(old)  # expect: unmoved-parameter, overwritten-parameters
        return before.item()


def main():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 32), nn.ELU(), nn.Linear(32, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.02)
    step = SafeStep(net, optimizer)
    w = torch.randn(5)
    for it in range(40):
        x = torch.randn(64, 5)
        y = (x @ w).sin()[:, None]
        loss = step(lambda: F.mse_loss(net(x), y))
        if it % 10 == 0:
            print(f"it {it} loss {loss:.4f}")


if __name__ == "__main__":
    main()
