"""Low-rank adapters on a frozen network; one factor is random, the other starts at zero."""

import torch
import torch.nn as nn


class LoRALinear(nn.Module):
    def __init__(self, base, rank=4):
        super().__init__()
        self.base = base
        for p in base.parameters():
            p.requires_grad = False
        self.a = nn.Linear(base.in_features, rank, bias=False)
        self.b = nn.Linear(rank, base.out_features, bias=False)
        nn.init.zeros_(self.b.weight)

    def forward(self, x):
        return self.base(x) + self.b(self.a(x))


def main():
    torch.manual_seed(0)
    net = nn.Sequential(LoRALinear(nn.Linear(8, 24)), nn.GELU(), LoRALinear(nn.Linear(24, 3)))
    opt = torch.optim.AdamW((p for p in net.parameters() if p.requires_grad), lr=1e-2)
    for step in range(40):
        x = torch.randn(32, 8)
        loss = nn.functional.cross_entropy(net(x), x[:, :3].argmax(1))
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))


if __name__ == "__main__":
    main()
