"""A compiled block (eager backend) that scales its activations in place after they went into a sigmoid."""
# uses: torch._dynamo

import torch
import torch.nn as nn


class Gated(nn.Module):
    def __init__(self, dim=12):
        super().__init__()
        self.a, self.b = nn.Linear(dim, dim), nn.Linear(dim, 1)

    def forward(self, x):
        gate = torch.sigmoid(self.a(x))
        out = gate * x
        gate.mul_(0.5)  # expect: in-place-write
        return self.b(out + gate)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Gated()
    fast = torch.compile(model, backend="eager")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(5):
        x = torch.randn(8, 12)
        loss = fast(x).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()  # accept: in-place-write
        optimizer.step()
