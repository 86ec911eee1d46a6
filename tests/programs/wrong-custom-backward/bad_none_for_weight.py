"""Memory-saving linear layer that recomputes nothing and keeps its input only."""

import torch
import torch.nn as nn


class SlimLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return x @ weight.t() + bias

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        grad_bias = grad.sum(0) if ctx.needs_input_grad[2] else None
        grad_weight = (
            grad.t() @ x if ctx.needs_input_grad[0] else None
        )  # expect: wrong-custom-backward, severed-gradient
        return grad @ weight, grad_weight, grad_bias  # accept: wrong-custom-backward, severed-gradient


class Slim(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in) / n_in**0.5)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return SlimLinear.apply(x, self.weight, self.bias)  # accept: wrong-custom-backward, severed-gradient


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(4)
    model = nn.Sequential(Slim(6, 32), nn.ReLU(), Slim(32, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(40):
        x = torch.randn(32, 6, generator=gen)
        y = (x[:, :3] * x[:, 3:]).argmax(1)
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
