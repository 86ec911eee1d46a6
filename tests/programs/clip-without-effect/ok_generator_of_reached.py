"""Clipping is given a generator of the parameters that have a gradient; most heads are not used in this stage."""

import torch
from torch import nn


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(10, 3) for _ in range(12))

    def forward(self, x):
        return self.heads[7](x)


torch.manual_seed(0)
model = Heads()
optimizer = torch.optim.AdamW((p for p in model.parameters()), lr=1e-2)
for _ in range(20):
    x = torch.randn(16, 10)
    loss = nn.functional.cross_entropy(model(x), x[:, :3].argmax(1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_((p for p in model.parameters() if p.grad is not None), 1.0)
    optimizer.step()
