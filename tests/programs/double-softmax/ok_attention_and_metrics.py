"""Attention pooling uses a softmax, the accuracy report uses another; the loss sees logits."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class AttentionPool(nn.Module):
    def __init__(self, dim, classes):
        super().__init__()
        self.key = nn.Linear(dim, 1)
        self.out = nn.Linear(dim, classes)

    def forward(self, x):
        weight = self.key(x).softmax(dim=1)
        return self.out((weight * x).sum(1))


def main():
    torch.manual_seed(0)
    proto = torch.randn(4, 8)
    model = AttentionPool(8, 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    for step in range(50):
        y = torch.randint(0, 4, (32,))
        x = torch.randn(32, 6, 8)
        x[:, 2] += 2 * proto[y]
        logits = model(x)
        loss = F.cross_entropy(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            confidence = logits.softmax(1).amax(1).mean().item()
            print(f"step {step} loss {loss.item():.4f} confidence {confidence:.3f}")


if __name__ == "__main__":
    main()
