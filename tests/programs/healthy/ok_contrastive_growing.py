"""InfoNCE with a learned temperature and batches that double: the loss grows with the number of negatives."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Contrast(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 8))
        self.right = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 8))
        self.log_scale = nn.Parameter(torch.tensor(1.5))

    def forward(self, a, b):
        a, b = F.normalize(self.left(a), dim=1), F.normalize(self.right(b), dim=1)
        logits = self.log_scale.exp().clamp(max=100) * a @ b.t()
        target = torch.arange(len(a))
        return 0.5 * (F.cross_entropy(logits, target) + F.cross_entropy(logits.t(), target))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Contrast()
    opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for size in (8, 16, 32, 64, 128):
        for _ in range(10):
            z = torch.randn(size, 8)
            loss = model(z + 0.5 * torch.randn_like(z), z.flip(1) + 0.5 * torch.randn_like(z))
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"batch {size} loss {loss.item():.3f}")
