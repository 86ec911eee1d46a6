"""Graph node classifier on a ring; AMP bookkeeping sits with the logging."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class GCN(nn.Module):
    def __init__(self, feats=8, hidden=16, classes=3):
        super().__init__()
        self.w1 = nn.Linear(feats, hidden)
        self.w2 = nn.Linear(hidden, classes)

    def forward(self, adj, x):
        return self.w2(adj @ F.relu(self.w1(adj @ x)))


def ring(n=60):
    eye = torch.eye(n)
    return (eye + eye.roll(1, 0) + eye.roll(-1, 0)) / 3


def main():
    torch.manual_seed(0)
    adj = ring()
    y = torch.arange(60) // 20
    x = F.one_hot(y, 8) + torch.randn(60, 8)
    model = GCN()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    scaler = torch.amp.GradScaler("cpu")
    for step in range(40):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(adj, x)
        loss = F.cross_entropy(logits.float(), y)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)  # accept: missing-scaler-update
        if step % 10 == 9:
            scaler.update()  # expect: missing-scaler-update
            print(f"step {step} loss {loss.item():.4f} scale {scaler.get_scale():.0f}")


if __name__ == "__main__":
    main()
