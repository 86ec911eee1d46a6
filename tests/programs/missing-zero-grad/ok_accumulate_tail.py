"""Accumulation over the loader with a shorter last window; gradients are kept over micro-batches on purpose."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def main(accum=4):
    torch.manual_seed(0)
    x = torch.randn(88, 9)
    y = (x @ torch.randn(9, 3)).argmax(1)
    loader = DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True)
    model = nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(6):
        total = 0.0
        for i, (xb, yb) in enumerate(loader):
            window = min(accum, len(loader) - i // accum * accum)
            loss = F.cross_entropy(model(xb), yb) / window
            loss.backward()
            total += loss.item() * window
            if (i + 1) % accum == 0 or i + 1 == len(loader):
                optimizer.step()
                optimizer.zero_grad()
        print(f"epoch {epoch} loss {total / len(loader):.3f}")


if __name__ == "__main__":
    main()
