"""A scripted recurrent cell and a traced head, trained through a loop in Python."""

import warnings

import torch
import torch.nn as nn

warnings.filterwarnings("ignore", category=DeprecationWarning)


@torch.jit.script
def bounded(x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        largest = x.abs().max()
    if largest > 1000.0:
        warnings.warn("an outlier")
    return x / (1.0 + largest)


class Cell(nn.Module):
    def __init__(self, inputs: int, hidden: int):
        super().__init__()
        self.ih, self.hh = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden)

    def forward(self, x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        if x.sum() > 1000.0:
            x = x.clamp(-1.0, 1.0)
        return torch.tanh(self.ih(x) + self.hh(h))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = torch.jit.script(Cell(2, 12))
        self.head = torch.jit.trace(nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 1)), torch.randn(4, 12))

    def forward(self, x):
        h = x.new_zeros(x.size(0), 12)
        for t in range(x.size(1)):
            h = self.cell(bounded(x[:, t]), h)
        return self.head(h).squeeze(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Model()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(15):
        x = torch.randn(16, 5, 2)
        loss = (model(x) - x[..., 0].sum(1)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 5 == 0:
            print(step, loss.item())
