"""A compiled residual network (eager backend) with dropout and validation."""
# uses: torch._dynamo

import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp, self.mid, self.out = nn.Linear(6, 24), nn.Linear(24, 24), nn.Linear(24, 3)
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        h = torch.relu(self.inp(x))
        return self.out(h + self.drop(torch.relu(self.mid(h))))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Net()
    fast = torch.compile(model, backend="eager")
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(3):
        model.train()
        for _ in range(10):
            x = torch.randn(32, 6)
            loss = nn.functional.cross_entropy(fast(x), x[:, :3].argmax(1))
            opt.zero_grad()
            loss.backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            x = torch.randn(32, 6)
            acc = (fast(x).argmax(1) == x[:, :3].argmax(1)).float().mean()
        print(f"epoch {epoch} loss {loss.item():.3f} acc {acc.item():.3f}")
