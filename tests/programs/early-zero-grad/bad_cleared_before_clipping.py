"""The gradients are cleared between backward and clipping: one mistake, not two."""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for _ in range(20):
    x = torch.randn(16, 6)
    loss = nn.functional.mse_loss(model(x), x.sum(1, keepdim=True))
    loss.backward()
    optimizer.zero_grad()  # expect: early-zero-grad
    nn.utils.clip_grad_norm_((p for p in model.parameters()), 1.0)
    optimizer.step()
