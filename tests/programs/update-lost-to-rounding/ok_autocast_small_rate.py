"""bf16 autocast over fp32 weights with a small learning rate: the products are rounded, the weights are not."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(10)
        self.fc = nn.Sequential(nn.Linear(10, 48), nn.GELU(), nn.Linear(48, 4))

    def forward(self, x):
        return self.fc(self.norm(x))


def main():
    torch.manual_seed(0)
    net = Net()
    optimizer = torch.optim.AdamW(net.parameters(), lr=5e-5)
    w = torch.randn(10, 4)
    x = torch.randn(64, 10)
    y = (x @ w).argmax(1)
    for step in range(50):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.5f}")


if __name__ == "__main__":
    main()
