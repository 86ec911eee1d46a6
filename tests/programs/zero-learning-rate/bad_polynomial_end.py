"""Semantic segmentation recipe: SGD with polynomial decay over twelve epochs."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import PolynomialLR


class FCN(nn.Module):
    def __init__(self, ch=8):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(1, ch, 3, padding=1), nn.BatchNorm2d(ch), nn.ReLU())
        self.ctx = nn.Sequential(nn.Conv2d(ch, ch, 3, padding=2, dilation=2), nn.BatchNorm2d(ch), nn.ReLU())
        self.cls = nn.Conv2d(ch, 2, 1)

    def forward(self, x):
        return self.cls(self.ctx(self.enc(x)))


class Loop:
    def __init__(self, cfg):
        self.cfg = cfg
        self.net = FCN()
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=cfg["lr"], momentum=0.9, weight_decay=1e-4)
        self.scheduler = PolynomialLR(self.optimizer, cfg["decay_epochs"], power=0.9)  # expect: zero-learning-rate

    def train_epoch(self, gen):
        for _ in range(4):
            img = torch.randn(4, 1, 10, 10, generator=gen)
            target = (F.avg_pool2d(img, 3, 1, 1) > 0.1).long().squeeze(1)
            loss = F.cross_entropy(self.net(img), target)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        self.scheduler.step()
        return loss.item()


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    config = {"lr": 0.02, "decay_epochs": 3, "epochs": 12}  # accept: zero-learning-rate
    loop = Loop(config)
    for epoch in range(config["epochs"]):
        print(f"epoch {epoch} loss {loop.train_epoch(gen):.4f}")
