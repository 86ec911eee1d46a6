"""A model laid out on the meta device; the optimizer is made before memory is given to the parameters."""

import torch
import torch.nn as nn


def materialise(model):
    model.to_empty(device="cpu")  # accept: stale-parameter
    for module in model.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()


if __name__ == "__main__":
    torch.manual_seed(0)
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)  # expect: stale-parameter
    materialise(model)  # accept: stale-parameter
    for step in range(10):
        x = torch.randn(32, 4)
        loss = nn.functional.cross_entropy(model(x), (x[:, 0] > 0).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, loss.item())
