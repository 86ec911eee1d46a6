"""A reentrant checkpoint within a frozen embedding's blocks: nothing that goes in requires a gradient; the head still trains."""

import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint


class Blocks(nn.Module):
    def __init__(self, dim=12):
        super().__init__()
        self.one, self.two = nn.Linear(dim, dim), nn.Linear(dim, dim)

    def inner(self, x):
        return torch.relu(self.two(x))

    def outer(self, x):
        return checkpoint(self.inner, torch.relu(self.one(x)), use_reentrant=True)

    def forward(self, x):
        return checkpoint(self.outer, x, use_reentrant=True)  # expect: severed-gradient


if __name__ == "__main__":
    torch.manual_seed(0)
    embed, blocks, head = nn.Embedding(20, 12), Blocks(), nn.Linear(12, 2)
    embed.requires_grad_(False)
    optimizer = torch.optim.Adam([*blocks.parameters(), *head.parameters()], lr=1e-2)
    for step in range(10):
        tokens = torch.randint(0, 20, (16, 5))
        loss = nn.functional.cross_entropy(head(blocks(embed(tokens)).mean(1)), (tokens.sum(1) > 48).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, loss.item())
