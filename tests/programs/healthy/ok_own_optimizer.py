"""An optimizer of one's own that is no torch.optim.Optimizer: Lion with step and zero_grad, and clipping by hand."""

import torch
import torch.nn as nn


class Lion:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0):
        self.params = list(params)
        self.lr, self.betas, self.weight_decay = lr, betas, weight_decay
        self.momenta = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self):
        slow, fast = self.betas
        for p, m in zip(self.params, self.momenta):
            if p.grad is None:
                continue
            p.mul_(1 - self.lr * self.weight_decay)
            p.add_((slow * m + (1 - slow) * p.grad).sign(), alpha=-self.lr)
            m.mul_(fast).add_(p.grad, alpha=1 - fast)

    def zero_grad(self):
        for p in self.params:
            p.grad = None


if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 24), nn.GELU(), nn.Linear(24, 3))
    optimizer = Lion(model.parameters(), lr=3e-3, weight_decay=0.01)
    for step in range(30):
        x = torch.randn(32, 4)
        loss = nn.functional.cross_entropy(model(x), x[:, :3].argmax(1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 10 == 0:
            print(step, loss.item())
