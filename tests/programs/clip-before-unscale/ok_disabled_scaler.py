"""One code path for GPU and CPU: on CPU the scaler is switched off and passes everything through."""

import torch
import torch.nn as nn


def train(model, data, steps, use_amp):
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    scaler = torch.amp.GradScaler("cpu", enabled=use_amp)
    x, y = data
    for step in range(steps):
        pick = torch.randint(0, len(x), (32,))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=use_amp):
            loss = nn.functional.mse_loss(model(x[pick]).float(), y[pick])
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        if step % 20 == 0:
            print(f"step {step} loss {loss.item():.4f} norm {norm.item():.3f}")


def main():
    torch.manual_seed(0)
    x = torch.randn(400, 6)
    y = (x[:, :1] * x[:, 1:2] + x[:, 2:3]).tanh()
    model = nn.Sequential(nn.Linear(6, 48), nn.GELU(), nn.Linear(48, 1))
    train(model, (x, y), 60, use_amp=torch.cuda.is_available())


if __name__ == "__main__":
    main()
