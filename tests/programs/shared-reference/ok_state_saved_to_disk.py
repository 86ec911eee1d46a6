"""Every better epoch is written out from model.state_dict(); the file is read back at the end."""

import io

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    w = torch.randn(10)
    x = torch.randn(96, 10)
    y = (x @ w + torch.randn(96) > 0).float()
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    best, blob = float("inf"), None
    for epoch in range(10):
        for rows in torch.randperm(64).split(16):
            loss = F.binary_cross_entropy_with_logits(model(x[rows]).squeeze(1), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            val = F.binary_cross_entropy_with_logits(model(x[64:]).squeeze(1), y[64:]).item()
        if val < best:
            best = val
            best_state = model.state_dict()
            blob = io.BytesIO()
            torch.save(best_state, blob)
        print(f"epoch {epoch} val {val:.3f}")
    blob.seek(0)
    model.load_state_dict(torch.load(blob))
    with torch.no_grad():
        again = F.binary_cross_entropy_with_logits(model(x[64:]).squeeze(1), y[64:]).item()
    print(f"best {best:.4f} read back {again:.4f}")


if __name__ == "__main__":
    main()
