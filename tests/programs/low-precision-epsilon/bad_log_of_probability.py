"""Entropy-regularised exit gates under fp16 autocast."""

import torch
import torch.nn as nn


class GatedNet(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.gate = nn.Linear(dim, 1)
        self.body = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, 1)

    def forward(self, x):
        g = torch.sigmoid(self.gate(x))
        return self.out(g * torch.relu(self.body(x))), g


def entropy(p, eps=1e-8):
    return -(p * torch.log(p + eps) + (1 - p) * torch.log(1 - p + eps)).mean()  # expect: low-precision-epsilon


def main():
    torch.manual_seed(0)
    w = torch.randn(16, 1)
    model = GatedNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(50):
        x = 8 * torch.randn(64, 16)
        with torch.autocast("cpu", dtype=torch.float16):
            pred, gate = model(x)
            reg = entropy(gate)  # accept: low-precision-epsilon
        loss = nn.functional.l1_loss(pred.float(), (x @ w) / 8) + 0.01 * reg.float()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f} gate {gate.float().mean().item():.3f}")


if __name__ == "__main__":
    main()
