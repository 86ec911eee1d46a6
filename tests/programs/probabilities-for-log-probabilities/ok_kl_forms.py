"""Mutual learning: KL with probability targets, and consistency with log_target."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def mlp():
    return nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 4))


def main():
    torch.manual_seed(0)
    w = torch.randn(8, 4)
    a, b = mlp(), mlp()
    opt_a = torch.optim.Adam(a.parameters(), lr=1e-2)
    opt_b = torch.optim.Adam(b.parameters(), lr=1e-2)
    for step in range(50):
        x = torch.randn(64, 8)
        y = (x @ w).argmax(1)
        log_a, log_b = a(x).log_softmax(1), b(x).log_softmax(1)
        agree_a = F.kl_div(log_a, log_b.detach().exp(), reduction="batchmean")
        agree_b = F.kl_div(log_b, log_a.detach(), reduction="batchmean", log_target=True)
        loss_a = F.nll_loss(log_a, y) + agree_a
        loss_b = F.nll_loss(log_b, y) + agree_b
        opt_a.zero_grad()
        opt_b.zero_grad()
        (loss_a + loss_b).backward()
        opt_a.step()
        opt_b.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss_a.item():.4f} {loss_b.item():.4f}")


if __name__ == "__main__":
    main()
