"""Per-example losses back-propagated with a weight vector, gradients accumulated over micro-batches."""

import torch
import torch.nn as nn

if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 24), nn.Tanh(), nn.Linear(24, 1))
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    micro = 4
    for update in range(30):
        opt.zero_grad()
        seen = 0.0
        for _ in range(micro):
            x = torch.randn(16, 4)
            per_example = (model(x).squeeze(1) - x.sum(1).sin()).pow(2)
            weight = torch.rand(16) + 0.5
            per_example.backward(weight / (weight.sum() * micro))
            seen += per_example.mean().item() / micro
        opt.step()
        if update % 10 == 0:
            print(update, round(seen, 4))
