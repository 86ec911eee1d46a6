"""Logistic regression by L-BFGS until it has converged: the last rounds move nothing."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    x = torch.randn(80, 4)
    y = torch.bernoulli(torch.sigmoid(x @ torch.tensor([1.0, -1.0, 0.5, 0.0])))
    model = nn.Linear(4, 1)
    optimizer = torch.optim.LBFGS(model.parameters(), lr=1.0, max_iter=10)

    def closure():
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(model(x).squeeze(1), y) + 1e-2 * model.weight.pow(2).sum()
        loss.backward()
        return loss

    for k in range(6):
        loss = optimizer.step(closure)
        print(f"round {k} loss {loss.item():.6f}")


if __name__ == "__main__":
    main()
