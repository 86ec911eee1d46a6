"""Click model where one batch in ten holds a broken row that overflows; the scaler drops that batch."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class ClickModel(nn.Module):
    def __init__(self, items=50, dim=8):
        super().__init__()
        self.item = nn.Embedding(items, dim)
        self.mlp = nn.Sequential(nn.Linear(dim + 4, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, item, x):
        return self.mlp(torch.cat([self.item(item), x], 1)).squeeze(1)


def main():
    torch.manual_seed(0)
    taste = torch.randn(50)
    model = ClickModel()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    scaler = torch.amp.GradScaler("cpu", init_scale=256.0)
    skipped = 0
    for step in range(60):
        item, x = torch.randint(0, 50, (64,)), torch.randn(64, 4)
        y = (taste[item] + x[:, 0] > 0).float()
        if step % 10 == 7:
            x[0, 1] = 3e38
        with torch.autocast("cpu", dtype=torch.float16):
            loss = F.binary_cross_entropy_with_logits(model(item, x).float(), y)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        before = scaler.get_scale()
        scaler.step(optimizer)
        scaler.update()
        skipped += scaler.get_scale() < before
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f} skipped {skipped}")


if __name__ == "__main__":
    main()
