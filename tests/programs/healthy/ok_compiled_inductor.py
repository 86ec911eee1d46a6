"""A model compiled by the default backend, `mode="reduce-overhead"`; by AOT autograd alone where no C++ compiler is."""

import shutil

import torch
import torch.nn as nn

if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    has_compiler = shutil.which("g++") is not None
    fast = torch.compile(model, mode="reduce-overhead") if has_compiler else torch.compile(model, backend="aot_eager")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(8):
        x = torch.randn(16, 4)
        loss = (fast(x).squeeze(1) - x[:, 0]).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, loss.item())
