"""Hand-written momentum from torch.autograd.grad: nothing is ever stored in .grad."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 24), nn.Softplus(), nn.Linear(24, 1))
    params = list(net.parameters())
    velocity = [torch.zeros_like(p) for p in params]
    w = torch.randn(5)
    for step in range(50):
        x = torch.randn(32, 5)
        loss = F.mse_loss(net(x).squeeze(1), torch.cos(x @ w))
        grads = torch.autograd.grad(loss, params)
        with torch.no_grad():
            for p, v, g in zip(params, velocity, grads):
                v.mul_(0.9).add_(g)
                p.sub_(0.02 * v)
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
