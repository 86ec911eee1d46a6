"""Two optimizers over one graph: one backward for both, all gradients cleared right after the steps."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    emb = nn.EmbeddingBag(30, 12, mode="mean")
    mlp = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 1))
    slow = torch.optim.Adagrad(emb.parameters(), lr=0.2)
    fast = torch.optim.AdamW(mlp.parameters(), lr=1e-2)
    value = torch.randn(30)
    for step in range(50):
        ids = torch.randint(0, 30, (48, 5))
        loss = F.mse_loss(mlp(emb(ids)).squeeze(1), value[ids].mean(1))
        loss.backward()
        slow.step()
        fast.step()
        slow.zero_grad()
        fast.zero_grad()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
