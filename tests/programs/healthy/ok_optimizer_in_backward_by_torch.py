"""torch.distributed.optim's own optimizer-in-backward: each parameter steps within backward, and `step` is never called."""

import torch
import torch.nn as nn
from torch.distributed.optim import _apply_optimizer_in_backward

if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 2))
    _apply_optimizer_in_backward(torch.optim.SGD, model.parameters(), {"lr": 0.1})
    for step in range(20):
        x = torch.randn(32, 6)
        loss = nn.functional.cross_entropy(model(x), (x[:, 0] > 0).long())
        loss.backward()
        if step % 5 == 0:
            print(step, loss.item())
