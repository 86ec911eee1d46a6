"""Old stateless functional_call with perturbed weights (noise in each forward), gradients to the module's own parameters."""

import warnings

import torch
import torch.nn as nn
from torch.nn.utils import stateless

warnings.filterwarnings("ignore", category=FutureWarning)

if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for step in range(20):
        x = torch.randn(32, 4)
        noisy = {name: p + 0.01 * torch.randn_like(p) for name, p in model.named_parameters()}
        loss = (stateless.functional_call(model, noisy, (x,)).squeeze(1) - x[:, 0]).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 5 == 0:
            print(step, loss.item())
