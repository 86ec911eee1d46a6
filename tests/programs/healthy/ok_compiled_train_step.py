"""One compiled function holds forward, loss and backward; a second compiles the bound method `optimizer.step`."""
# uses: torch._dynamo

import torch
import torch.nn as nn


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(5, 16)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x))).squeeze(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Regressor()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    @torch.compile(backend="eager")
    def train_step(x, y):
        loss = (model(x) - y).pow(2).mean()
        loss.backward()
        return loss

    step_fast = torch.compile(optimizer.step, backend="eager")
    for step in range(12):
        x = torch.randn(32, 5)
        optimizer.zero_grad()
        loss = train_step(x, x[:, 0] - 2 * x[:, 1])
        step_fast()
        print(step, loss.item())
