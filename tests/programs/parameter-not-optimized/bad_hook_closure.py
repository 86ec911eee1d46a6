"""Optimizer in backward: one optimizer a parameter, stepped by a hook; the hooks' closure sees the last parameter only."""

import torch
import torch.nn as nn

if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 24), nn.GELU(), nn.Linear(24, 2))
    optimizers = {}
    for parameter in model.parameters():
        optimizers[parameter] = torch.optim.SGD(
            [parameter], lr=0.1
        )  # accept: parameter-not-optimized, unmoved-parameter

        def step_now(_):
            optimizers[parameter].step()  # expect: parameter-not-optimized, unmoved-parameter
            optimizers[parameter].zero_grad()

        parameter.register_post_accumulate_grad_hook(step_now)  # accept: parameter-not-optimized, unmoved-parameter
    for step in range(20):
        x = torch.randn(32, 6)
        loss = nn.functional.cross_entropy(model(x), (x[:, 0] > 0).long())
        loss.backward()
        if step % 5 == 0:
            print(step, loss.item())
