"""Full-batch linear regression run until the gradient is nearly zero."""

import torch
import torch.nn as nn

if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.randn(64, 4)
    y = x @ torch.tensor([1.0, -2.0, 0.5, 0.0]) + 0.3
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 1))
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for step in range(200):
        loss = (model(x).squeeze(1) - y).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 40 == 0:
            print(f"{step} {loss.item():.3e}")
