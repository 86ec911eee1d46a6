"""Energy regression from raw sensor readings under fp16 autocast."""

import torch
import torch.nn as nn


class EnergyNet(nn.Module):
    def __init__(self, sensors=6):
        super().__init__()
        self.mix = nn.Linear(sensors, 16)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        power = x @ x.transpose(-1, -2)  # expect: scale-collapse, non-finite-origin
        profile = power.mean(-1) / x.shape[-1]
        return self.out(torch.relu(self.mix(profile)))


def readings(n, gen):
    # hectopascal, as the logger writes them
    pressure = 1e3 + 20 * torch.randn(n, 6, 4, generator=gen)  # accept: scale-collapse
    return pressure, pressure.mean((1, 2)).sub(1e3).div(10).unsqueeze(1)


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = EnergyNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    scaler = torch.amp.GradScaler("cpu")
    for step in range(40):
        x, y = readings(32, gen)
        with torch.autocast("cpu", dtype=torch.float16):  # accept: scale-collapse
            loss = nn.functional.smooth_l1_loss(model(x), y)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)  # accept: scale-collapse
        scaler.update()  # accept: scale-collapse
        if step % 10 == 0:
            print(f"step {step} scale {scaler.get_scale():.3g}")


if __name__ == "__main__":
    main()
