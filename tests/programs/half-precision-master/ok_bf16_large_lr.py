"""Pure bfloat16 training of an autoencoder; the learning rate is large enough for eight bits of mantissa."""

import torch
import torch.nn as nn


def main():
    torch.manual_seed(0)
    basis = torch.randn(3, 20)
    model = nn.Sequential(
        nn.Linear(20, 32), nn.Tanh(), nn.Linear(32, 3), nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 20)
    )
    model.to(torch.bfloat16)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(60):
        x = (torch.randn(64, 3) @ basis / 3).bfloat16()
        loss = (model(x) - x).float().pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
