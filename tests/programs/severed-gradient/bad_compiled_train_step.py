"""Forward and backward compiled as one function, the step of the optimizer as another."""
# uses: torch._dynamo

import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(6, 24)
        self.trunk = nn.Linear(24, 24)
        self.out = nn.Linear(24, 1)

    def features(self, x):
        x = torch.relu(self.stem(x))
        with torch.no_grad():  # expect: severed-gradient
            x = torch.relu(self.trunk(x))
        return x

    def forward(self, x):
        return self.out(self.features(x)).squeeze(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    @torch.compile(backend="aot_eager")
    def train_step(x, y):
        loss = (model(x) - y).pow(2).mean()
        loss.backward()
        return loss

    step_fast = torch.compile(optimizer.step, backend="aot_eager")
    for step in range(10):
        x = torch.randn(32, 6)
        optimizer.zero_grad()
        loss = train_step(x, x[:, 0] * x[:, 1])
        step_fast()
        print(step, loss.item())
