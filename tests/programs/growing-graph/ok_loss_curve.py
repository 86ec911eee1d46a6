"""Keeps every loss, prediction and norm for plots, but without their history."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    curve, outputs, total = [], [], torch.zeros(())
    for step in range(50):
        x = torch.randn(32, 8, generator=gen)
        logits = model(x)
        loss = F.cross_entropy(logits, (x[:, 0] * x[:, 1] > 0).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curve.append(loss.detach())
        outputs.append(logits.detach().cpu())
        with torch.no_grad():
            total += loss
        if step % 10 == 9:
            print(f"step {step + 1} mean {torch.stack(curve[-10:]).mean():.4f} all {total / (step + 1):.4f}")
    print(tuple(torch.cat(outputs).shape))


if __name__ == "__main__":
    main()
