"""Three tasks, three losses of different kinds, each with a backward of its own and one step for the sum."""

import torch
import torch.nn.functional as F
from torch import nn


class Trunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(7, 32), nn.GELU())
        self.heads = nn.ModuleDict({"cls": nn.Linear(32, 3), "reg": nn.Linear(32, 1), "rec": nn.Linear(32, 7)})

    def forward(self, x, task):
        return self.heads[task](self.body(x))


def main():
    torch.manual_seed(0)
    net = Trunk()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    w = torch.randn(7, 3)
    for step in range(40):
        optimizer.zero_grad()
        losses = {}
        for task in ("cls", "reg", "rec"):
            x = torch.randn(32, 7)
            out = net(x, task)
            if task == "cls":
                loss = F.cross_entropy(out, (x @ w).argmax(1))
            elif task == "reg":
                loss = F.l1_loss(out.squeeze(1), (x @ w)[:, 0].tanh())
            else:
                loss = F.mse_loss(out, x)
            loss.backward()
            losses[task] = round(loss.item(), 3)
        optimizer.step()
        if step % 10 == 0:
            print(step, losses)


if __name__ == "__main__":
    main()
