"""A wide random ReLU layer in which some units never fire; the others are enough."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(3, 64)
        nn.init.uniform_(self.hidden.bias, -1.8, 0.5)
        self.out = nn.Linear(64, 2)

    def forward(self, x):
        return self.out(F.relu(self.hidden(x)))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Wide()
    opt = torch.optim.SGD(model.parameters(), lr=0.3)
    for step in range(50):
        x = 2 * torch.rand(64, 3) - 1
        y = (x[:, 0] * x[:, 1] > 0).long()
        loss = F.cross_entropy(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 4))
