"""Lipschitz-minded regressor: a hook on every linear layer keeps its weights inside a box."""

import torch
from torch import nn


class BoxConstraint:
    def __init__(self, bound):
        self.bound = bound

    def __call__(self, module, inputs, output):
        module.weight.data.clamp_(-self.bound, self.bound)  # expect: silent-overwrite

    def attach(self, model):
        for module in model.modules():
            if isinstance(module, nn.Linear):
                module.register_forward_hook(self)  # accept: silent-overwrite
        return model


def build(width=32):
    return nn.Sequential(
        nn.Linear(4, width), nn.Softplus(), nn.Linear(width, width), nn.Softplus(), nn.Linear(width, 1)
    )


def surface(n, gen):
    x = torch.rand(n, 4, generator=gen) * 2 - 1
    return x, (x[:, :1] * x[:, 1:2] + x[:, 2:3].abs()) / 2


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = BoxConstraint(0.12).attach(build())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for step in range(50):
        x, y = surface(64, gen)
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} mse {loss.item():.5f}")


if __name__ == "__main__":
    main()
