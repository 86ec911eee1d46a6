"""Five models as one by stack_module_state and vmap; the stacked parameters are leaves that Adam trains."""

import copy

import torch
import torch.nn as nn
from torch.func import functional_call, stack_module_state, vmap

if __name__ == "__main__":
    torch.manual_seed(0)
    models = [nn.Sequential(nn.Linear(3, 12), nn.ReLU(), nn.Linear(12, 1)) for _ in range(5)]
    params, buffers = stack_module_state(models)
    base = copy.deepcopy(models[0]).to("meta")
    optimizer = torch.optim.Adam(params.values(), lr=1e-2)

    def predict(params, buffers, x):
        return functional_call(base, (params, buffers), (x,)).squeeze(-1)

    for step in range(20):
        x = torch.randn(5, 16, 3)
        loss = (vmap(predict, randomness="different")(params, buffers, x) - x.sum(-1)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 5 == 0:
            print(step, loss.item())
