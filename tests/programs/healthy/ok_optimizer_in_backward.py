"""One optimizer for each parameter, stepped by a hook as soon as its gradient is accumulated."""

import torch
import torch.nn as nn


def fuse_optimizer(model, lr):
    optimizers = {p: torch.optim.Adam([p], lr=lr, foreach=False) for p in model.parameters()}

    def step_now(parameter):
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    for p in model.parameters():
        p.register_post_accumulate_grad_hook(step_now)
    return optimizers


if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 32), nn.GELU(), nn.Linear(32, 6))
    optimizers = fuse_optimizer(model, 5e-3)
    for step in range(40):
        x = torch.randn(32, 6)
        loss = (model(x) - x.flip(1)).pow(2).mean()
        loss.backward()
        if step % 10 == 0:
            print(step, round(loss.item(), 4))
