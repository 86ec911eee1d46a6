"""Weights updated out of place with torch.autograd.grad; old-style p.data updates for the bias."""

import torch
import torch.nn as nn

if __name__ == "__main__":
    torch.manual_seed(0)
    net = nn.Linear(5, 1)
    scale = torch.ones(5, requires_grad=True)
    for step in range(50):
        x = torch.randn(64, 5)
        y = 2.0 * x[:, :1] - x[:, 3:4] + 0.5
        loss = (net(x * scale) - y).pow(2).mean()
        (grad_scale,) = torch.autograd.grad(loss, scale, retain_graph=True)
        loss.backward(inputs=list(net.parameters()))
        scale = (scale - 0.05 * grad_scale).detach().requires_grad_()
        for p in net.parameters():
            p.data.add_(p.grad, alpha=-0.05)
            p.grad = None
        if step % 10 == 0:
            print(step, round(loss.item(), 4))
