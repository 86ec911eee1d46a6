"""numpy scalars and 0-dim tensors as weights of the loss do not promote it."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def schedule(step, steps):
    return np.float64(0.5) * (1 - np.cos(np.pi * step / steps))


def main(steps=50):
    torch.manual_seed(0)
    basis = torch.randn(2, 12)
    encoder = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 4))
    decoder = nn.Sequential(nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, 12))
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=5e-3)
    scale = torch.tensor(np.array(0.05))
    for step in range(steps):
        x = torch.randn(64, 2) @ basis
        mean, log_var = encoder(x).chunk(2, 1)
        z = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        kl = scale * 0.5 * (mean.pow(2) + log_var.exp() - 1 - log_var).sum(1)
        loss = F.mse_loss(decoder(z), x) + schedule(step, steps) * kl.mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f} {loss.dtype}")


if __name__ == "__main__":
    main()
