"""An optimizer of one's own that has no zero_grad, and whose user clears nothing either."""

import torch
import torch.nn as nn


class SignDescent:
    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr

    @torch.no_grad()
    def step(self):
        for p in self.params:
            if p.grad is not None:
                p.sub_(self.lr * p.grad.sign())  # accept: missing-zero-grad


if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 24), nn.GELU(), nn.Linear(24, 3))
    optimizer = SignDescent(model.parameters(), lr=3e-3)
    for step in range(25):
        x = torch.randn(32, 4)
        loss = nn.functional.cross_entropy(model(x), x[:, :3].argmax(1))
        loss.backward()  # accept: missing-zero-grad
        optimizer.step()  # expect: missing-zero-grad
        if step % 5 == 0:
            print(step, loss.item())
