"""Key-value memory: a softmax over slots is read by a linear layer whose output is the logits."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MemoryNet(nn.Module):
    def __init__(self, dim=8, slots=12, classes=4):
        super().__init__()
        self.keys = nn.Parameter(torch.randn(slots, dim))
        self.read = nn.Sequential(nn.Softmax(dim=-1), nn.Linear(slots, classes))

    def forward(self, x):
        return self.read(x @ self.keys.T)


def main():
    torch.manual_seed(0)
    centers = torch.randn(4, 8)
    model = MemoryNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)
    for step in range(60):
        y = torch.randint(0, 4, (32,))
        loss = F.cross_entropy(model(centers[y] + 0.4 * torch.randn(32, 8)), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
