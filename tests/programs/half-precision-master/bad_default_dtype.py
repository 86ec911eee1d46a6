"""Seq2seq-style regressor; the whole script runs in half precision to fit a small card."""

import torch
import torch.nn as nn


class Forecaster(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.inp = nn.Linear(1, hidden)
        self.mix = nn.Conv1d(hidden, hidden, 5, padding=2)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h = torch.relu(self.inp(x)).transpose(1, 2)
        return self.out(torch.relu(self.mix(h)).mean(-1))


def waves(n):
    phase = 6.28 * torch.rand(n, 1, dtype=torch.float32)
    t = torch.arange(25) * 0.3 + phase
    series = torch.sin(t).half().unsqueeze(-1)
    return series[:, :-1], series[:, -1]


def main():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float16)  # expect: half-precision-master
    model = Forecaster()  # accept: half-precision-master
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", init_scale=256.0)
    for step in range(20):
        x, y = waves(16)
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)  # accept: half-precision-master
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        print(f"step {step} mse {loss.item():.4f}")


if __name__ == "__main__":
    main()
