"""bf16 model with hand-kept fp32 master weights: tiny updates add up in the masters and show in the copy later."""

import torch
import torch.nn.functional as F
from torch import nn


class MasterAdam:
    def __init__(self, params, lr):
        self.model_params = list(params)
        self.masters = [p.detach().float().clone() for p in self.model_params]
        self.optimizer = torch.optim.Adam(self.masters, lr=lr)

    def step(self):
        for m, p in zip(self.masters, self.model_params):
            m.grad = p.grad.float()
        self.optimizer.step()
        with torch.no_grad():
            for m, p in zip(self.masters, self.model_params):
                p.copy_(m)
                p.grad = None


def main():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 3)).to(torch.bfloat16)
    optimizer = MasterAdam(net.parameters(), lr=4e-4)
    w = torch.randn(8, 3)
    x = torch.randn(64, 8)
    y = (x @ w).argmax(1)
    for step in range(60):
        loss = F.cross_entropy(net(x.bfloat16()).float(), y)
        loss.backward()
        optimizer.step()
        if step % 15 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
