"""Checkpoints within checkpoints, a selective policy that keeps matrix products, and a reentrant one over blocks that train."""

from functools import partial

import torch
import torch.nn as nn
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts


def keep_products(context, op, *args, **kwargs):
    kept = op in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default)
    return CheckpointPolicy.MUST_SAVE if kept else CheckpointPolicy.PREFER_RECOMPUTE


class Net(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.inp = nn.Linear(5, dim)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(dim, dim), nn.Dropout(0.1), nn.GELU()) for _ in range(4))
        self.out = nn.Linear(dim, 1)

    def pair(self, x):
        x = x + checkpoint(self.blocks[0], x, use_reentrant=False)
        return x + checkpoint(self.blocks[1], x, use_reentrant=False)

    def forward(self, x):
        x = checkpoint(self.pair, self.inp(x), use_reentrant=False)
        contexts = partial(create_selective_checkpoint_contexts, keep_products)
        x = x + checkpoint(self.blocks[2], x, use_reentrant=False, context_fn=contexts)
        x = x + checkpoint(self.blocks[3], x, use_reentrant=True)
        return self.out(x).squeeze(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(20):
        x = torch.randn(32, 5)
        loss = (model(x) - x[:, 0]).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 5 == 0:
            print(step, loss.item())
