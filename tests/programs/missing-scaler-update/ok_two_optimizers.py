"""Encoder and decoder have optimizers of their own; the scaler is updated once an iteration."""

import torch
import torch.nn as nn


def main():
    torch.manual_seed(0)
    basis = torch.randn(3, 16)
    encoder = nn.Sequential(nn.Linear(16, 32), nn.ELU(), nn.Linear(32, 3))
    decoder = nn.Sequential(nn.Linear(3, 32), nn.ELU(), nn.Linear(32, 16))
    opt_e = torch.optim.Adam(encoder.parameters(), lr=5e-3)
    opt_d = torch.optim.SGD(decoder.parameters(), lr=0.2, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", init_scale=2048.0)
    for step in range(60):
        x = torch.randn(64, 3) @ basis
        with torch.autocast("cpu", dtype=torch.float16):
            out = decoder(encoder(x))
        loss = nn.functional.mse_loss(out.float(), x)
        opt_e.zero_grad()
        opt_d.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(opt_d)
        nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        scaler.step(opt_e)
        scaler.step(opt_d)
        scaler.update()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
