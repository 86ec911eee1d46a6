"""Twenty thousand small parameters: one vector for each item, in a list, all trained in every step."""

import torch
import torch.nn as nn


class Items(nn.Module):
    def __init__(self, count=20_000):
        super().__init__()
        self.vectors = nn.ParameterList(torch.zeros(2) for _ in range(count))

    def forward(self):
        return torch.stack(list(self.vectors))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Items()
    target = torch.randn(20_000, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=4_000.0)
    for step in range(5):
        loss = (model() - target).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, loss.item())
