"""A short growth interval: the scale climbs until it overflows, falls by half, climbs again."""

import torch
import torch.nn as nn


class Cell(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.hidden = hidden
        self.step = nn.Linear(1 + hidden, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, series):
        h = series.new_zeros(len(series), self.hidden)
        for t in range(series.shape[1]):
            h = torch.tanh(self.step(torch.cat([series[:, t : t + 1], h], 1)))
        return self.out(h)


def main():
    torch.manual_seed(0)
    model = Cell()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**15, growth_interval=4)
    for step in range(60):
        t = torch.rand(32, 1) * 6 + 0.4 * torch.arange(9)
        series = t.sin()
        with torch.autocast("cpu", dtype=torch.float16):
            loss = (model(series[:, :-1]).float() - series[:, -1:]).pow(2).mean()
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        if step % 10 == 0:
            print(f"step {step} mse {loss.item():.4f} scale {scaler.get_scale():.0f}")


if __name__ == "__main__":
    main()
