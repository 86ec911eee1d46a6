"""bf16 weights updated with stochastic rounding: most steps leave a weight where it is, on average it moves right."""

import torch
import torch.nn.functional as F
from torch import nn


def stochastic_round(x):
    noise = torch.randint(0, 1 << 16, x.shape, dtype=torch.int32)
    return (x.view(torch.int32) + noise).bitwise_and_(-65536).view(torch.float32).to(torch.bfloat16)


class RoundedSGD(torch.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.copy_(stochastic_round(p.float() - group["lr"] * p.grad.float()))


def main():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1)).bfloat16()
    optimizer = RoundedSGD(net.parameters(), lr=5e-3)
    w = torch.randn(8)
    x = torch.randn(64, 8)
    y = x @ w
    for step in range(60):
        loss = F.mse_loss(net(x.bfloat16()).float().squeeze(1), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 15 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
