"""MAML over sine waves: an inner step by autograd.grad, one backward for each task of the batch, mean over tasks."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call


def task():
    amp, phase = torch.rand(2) * torch.tensor([2.0, 3.0]) + 0.5
    x = torch.rand(20, 1) * 6 - 3
    return x, amp * torch.sin(x + phase)


def main(tasks=4, inner_lr=0.05):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
    meta = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for step in range(25):
        meta.zero_grad()
        total = 0.0
        for _ in range(tasks):
            x, y = task()
            fast = dict(net.named_parameters())
            for _ in range(2):
                inner = F.mse_loss(functional_call(net, fast, (x[:10],)), y[:10])
                grads = torch.autograd.grad(inner, list(fast.values()), create_graph=True)
                fast = {k: v - inner_lr * g for (k, v), g in zip(fast.items(), grads)}
            outer = F.mse_loss(functional_call(net, fast, (x[10:],)), y[10:])
            (outer / tasks).backward()
            total += outer.item() / tasks
        meta.step()
        if step % 6 == 0:
            print(f"step {step} outer loss {total:.3f}")


if __name__ == "__main__":
    main()
