"""Fine-tunes a normalised residual network wholly in bfloat16 with a careful learning rate."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fc = nn.Linear(dim, dim)

    def forward(self, x):
        return x + F.silu(self.fc(self.norm(x)))


class ResNet(nn.Module):
    def __init__(self, dim=24, depth=3, classes=4):
        super().__init__()
        self.blocks = nn.Sequential(*(Block(dim) for _ in range(depth)))
        self.head = nn.Linear(dim, classes)

    def forward(self, x):
        return self.head(self.blocks(x))


def main():
    torch.manual_seed(0)
    centers = torch.randn(4, 24)
    model = ResNet().to(dtype=torch.bfloat16)  # expect: half-precision-master, update-lost-to-rounding
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)  # accept: half-precision-master, update-lost-to-rounding
    for step in range(50):
        y = torch.randint(0, 4, (32,))
        x = (centers[y] + torch.randn(32, 24)).bfloat16()
        loss = F.cross_entropy(model(x).float(), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
