"""Logistic regression and a small network updated by hand, without torch.optim."""

import torch


def init(*shape):
    return (torch.randn(*shape) / shape[0] ** 0.5).requires_grad_()


def forward(x, params):
    w1, b1, w2, b2 = params
    return torch.tanh(x @ w1 + b1) @ w2 + b2


if __name__ == "__main__":
    torch.manual_seed(0)
    params = [init(4, 16), torch.zeros(16, requires_grad=True), init(16, 3), torch.zeros(3, requires_grad=True)]
    velocity = [torch.zeros_like(p) for p in params]
    lr, momentum = 0.2, 0.8
    for step in range(50):
        x = torch.randn(64, 4)
        loss = torch.nn.functional.cross_entropy(forward(x, params), x[:, :3].argmax(1))
        loss.backward()
        with torch.no_grad():
            for p, v in zip(params, velocity):
                v.mul_(momentum).add_(p.grad)
                p -= lr * v
                p.grad.zero_()
        if step % 10 == 0:
            print(step, round(loss.item(), 4))
