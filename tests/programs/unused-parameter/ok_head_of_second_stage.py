"""Curriculum of tasks: the second head joins when the first task has been learned for a while."""

import torch
import torch.nn.functional as F
from torch import nn


class TwoTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(12, 32), nn.ReLU())
        self.classify = nn.Linear(32, 3)
        self.count = nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x):
        h = self.trunk(x)
        return self.classify(h), self.count(h).squeeze(-1)


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = TwoTask()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(50):
        x = torch.randn(32, 12, generator=gen)
        logits, count = model(x)
        loss = F.cross_entropy(logits, x[:, :3].argmax(1))
        if step >= 30:
            loss = loss + F.mse_loss(count, (x > 0).float().mean(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
