"""Clipping as a safety net: its limit is never reached; a second call with an infinite limit only measures."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 1))
    optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3)
    w = torch.randn(6)
    for step in range(40):
        x = torch.randn(32, 6)
        loss = F.smooth_l1_loss(net(x).squeeze(1), (x @ w).tanh())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 50.0)
        head = nn.utils.clip_grad_norm_(net[-1].parameters(), float("inf"))
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f} head norm {head:.3f}")


if __name__ == "__main__":
    main()
