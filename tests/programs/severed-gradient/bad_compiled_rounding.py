"""Compiled tokenizer of continuous actions: the bins are rounded on the way to the loss, and the argmax is scored."""
# uses: torch._dynamo

import torch
import torch.nn as nn


class Discretizer(nn.Module):
    def __init__(self, bins=16):
        super().__init__()
        self.bins = bins
        self.net = nn.Sequential(nn.Linear(4, 24), nn.Tanh(), nn.Linear(24, 3))
        self.decode = nn.Linear(3, 4)

    @torch.compile(backend="eager")
    def forward(self, x):
        code = torch.sigmoid(self.net(x)) * (self.bins - 1)
        code = torch.round(code)  # expect: severed-gradient
        return self.decode(code / (self.bins - 1))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Discretizer()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(10):
        x = torch.rand(32, 4)
        loss = nn.functional.mse_loss(model(x), x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, loss.item())
