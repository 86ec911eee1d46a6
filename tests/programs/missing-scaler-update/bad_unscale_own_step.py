"""LSTM forecaster: gradients are unscaled and clipped, then the optimizer steps."""

import torch
import torch.nn as nn


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.LSTM(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])


def optimise(loss, model, optimizer, scaler):
    optimizer.zero_grad()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)  # accept: missing-scaler-update
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()  # expect: missing-scaler-update


def main():
    torch.manual_seed(0)
    model = Forecaster()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=3e-3)
    scaler = torch.amp.GradScaler("cpu")
    for step in range(40):
        t = 6.28 * torch.rand(32, 1) + 0.4 * torch.arange(13)
        x, y = t.sin()[:, :-1, None], t.sin()[:, -1:]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            pred = model(x)
        loss = nn.functional.l1_loss(pred.float(), y)
        optimise(loss, model, optimizer, scaler)  # accept: missing-scaler-update
        if step % 10 == 0:
            print(f"step {step} mae {loss.item():.4f}")


if __name__ == "__main__":
    main()
