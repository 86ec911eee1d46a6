"""Multi-class focal loss for an imbalanced image set whose annotation file stores floats."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, target):
        logp = F.log_softmax(logits, dim=1)
        logpt = logp.gather(1, target.view(-1, 1)).squeeze(1)  # accept: target-dtype
        return -((1 - logpt.exp()) ** self.gamma * logpt).mean()


class Annotations:
    def __init__(self, n=160, seed=0):
        rng = np.random.default_rng(seed)
        kind = rng.choice(3, size=n, p=[0.8, 0.15, 0.05])
        self.images = rng.normal(size=(n, 1, 8, 8)) + kind[:, None, None, None]
        self.table = np.column_stack([np.arange(n), kind]).astype(float)  # accept: target-dtype

    def tensors(self):
        images = torch.tensor(self.images, dtype=torch.float32)
        return images, torch.tensor(self.table[:, 1])  # expect: target-dtype


def main():
    torch.manual_seed(0)
    images, labels = Annotations().tensors()
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
    criterion = FocalLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for pick in torch.randperm(len(labels)).split(32):
        loss = criterion(model(images[pick]), labels[pick])  # accept: target-dtype
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
