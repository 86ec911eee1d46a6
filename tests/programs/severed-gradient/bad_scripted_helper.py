"""A scripted normalisation detaches what it was given, and not the statistics alone."""

import warnings

import torch
import torch.nn as nn

warnings.filterwarnings("ignore", category=DeprecationWarning)


@torch.jit.script
def normalised(x: torch.Tensor) -> torch.Tensor:
    x = x.detach()
    return (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-5)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp, self.out = nn.Linear(4, 16), nn.Linear(16, 2)

    def forward(self, x):
        return self.out(torch.relu(normalised(self.inp(x))))  # expect: severed-gradient


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(10):
        x = torch.randn(32, 4)
        loss = nn.functional.cross_entropy(model(x), (x[:, 0] > 0).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, loss.item())
