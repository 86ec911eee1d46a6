"""Functional training with torch.func alone: per-example gradients are clipped and averaged, the update is written out."""

import torch
import torch.nn as nn
from torch.func import functional_call, grad, grad_and_value, jvp, vmap


def clipped(per_example, bound):
    norms = torch.stack([g.flatten(1).norm(dim=1) for g in per_example.values()]).norm(dim=0)
    scale = (bound / (norms + 1e-6)).clamp(max=1.0)
    return {name: torch.einsum("b...,b->...", g, scale) / len(scale) for name, g in per_example.items()}


if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
    params = {name: p.detach().clone() for name, p in model.named_parameters()}

    def loss_of(params, x, y):
        return (functional_call(model, params, (x.unsqueeze(0),)).squeeze() - y).pow(2)

    whole = grad_and_value(lambda p, x, y: vmap(loss_of, (None, 0, 0))(p, x, y).mean())
    for step in range(25):
        x = torch.randn(32, 4)
        y = x[:, 0] * 2 - x[:, 1]
        if step % 5 == 0:
            grads, loss = whole(params, x, y)
            tangents = {name: torch.randn_like(p) for name, p in params.items()}
            _, slope = jvp(lambda p: loss_of(p, x[0], y[0]), (params,), (tangents,))
            print(step, loss.item(), slope.item())
        else:
            grads = clipped(vmap(grad(loss_of), in_dims=(None, 0, 0))(params, x, y), 5.0)
        params = {name: p - 0.05 * grads[name] for name, p in params.items()}
