"""ReduceLROnPlateau on the validation loss after a warm-up; the rate falls when progress stalls."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import LinearLR, ReduceLROnPlateau


def main(epochs=16, warm=8):
    torch.manual_seed(0)
    w = torch.randn(8)
    x = torch.randn(160, 8)
    y = (x @ w > 0).float()
    y = torch.where(torch.rand(160) < 0.15, 1 - y, y)
    net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    warmup = LinearLR(optimizer, start_factor=0.1, total_iters=warm)
    plateau = ReduceLROnPlateau(optimizer, factor=0.3, patience=1, threshold=1e-3)
    step = 0
    for epoch in range(epochs):
        for rows in torch.randperm(96).split(24):
            loss = F.binary_cross_entropy_with_logits(net(x[rows]).squeeze(1), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            if step <= warm:
                warmup.step()
        with torch.no_grad():
            val = F.binary_cross_entropy_with_logits(net(x[96:]).squeeze(1), y[96:]).item()
        if step > warm:
            plateau.step(val)
        if epoch % 4 == 3:
            print(f"epoch {epoch} val {val:.3f} lr {optimizer.param_groups[0]['lr']:.1e}")


if __name__ == "__main__":
    main()
