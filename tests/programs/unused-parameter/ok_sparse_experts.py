"""Mixture of experts with top-1 routing; some experts see few tokens, and some steps see none of theirs."""

import torch
import torch.nn.functional as F
from torch import nn


class TopOne(nn.Module):
    def __init__(self, dim=12, experts=6):
        super().__init__()
        self.gate = nn.Linear(dim, experts)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(dim, 16), nn.ReLU(), nn.Linear(16, dim)) for _ in range(experts)
        )

    def forward(self, x):
        probs = torch.softmax(self.gate(x), dim=-1)
        weight, chosen = probs.max(dim=-1)
        out = torch.zeros_like(x)
        for index, expert in enumerate(self.experts):
            rows = (chosen == index).nonzero().squeeze(-1)
            if len(rows):
                out = out.index_add(0, rows, weight[rows, None] * expert(x[rows]))
        share = F.one_hot(chosen, len(self.experts)).float().mean(0)
        return x + out, len(self.experts) * (share * probs.mean(0)).sum()


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    moe, head = TopOne(), nn.Linear(12, 1)
    optimizer = torch.optim.AdamW([*moe.parameters(), *head.parameters()], lr=5e-3)
    for step in range(50):
        x = torch.randn(8, 12, generator=gen) + torch.randint(-1, 2, (8, 1), generator=gen)
        h, balance = moe(x)
        loss = F.mse_loss(head(h).squeeze(-1), x.abs().mean(1)) + 0.01 * balance
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")
