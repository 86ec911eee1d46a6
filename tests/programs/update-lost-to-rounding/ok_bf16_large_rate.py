"""Pure bf16 weights with a learning rate that is large enough for their grid."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3)).bfloat16()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    w = torch.randn(8, 3)
    for step in range(40):
        x = torch.randn(48, 8)
        loss = F.cross_entropy(model(x.bfloat16()).float(), (x @ w).argmax(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
