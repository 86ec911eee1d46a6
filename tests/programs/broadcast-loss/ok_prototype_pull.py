"""One-class compactness: a batch of embeddings against one center of shape (1, K), plus a reconstruction."""

import torch
import torch.nn as nn


def main():
    torch.manual_seed(0)
    basis = torch.randn(3, 12)
    encoder = nn.Sequential(nn.Linear(12, 24), nn.Tanh(), nn.Linear(24, 4))
    decoder = nn.Linear(4, 12)
    center = torch.full((1, 4), 0.1)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-2)
    for step in range(60):
        x = torch.randn(64, 3) @ basis
        z = encoder(x)
        compact = (z - center).pow(2).mean()
        loss = nn.functional.mse_loss(decoder(z), x) + 0.01 * compact
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
