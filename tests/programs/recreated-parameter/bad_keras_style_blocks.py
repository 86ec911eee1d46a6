"""U-Net for one-dimensional segmentation, ported from a Keras script."""

import torch
import torch.nn.functional as F
from torch import nn


def conv_block(x, filters, kernel=3):
    x = nn.Conv1d(x.shape[1], filters, kernel, padding=kernel // 2)(x)  # expect: recreated-parameter
    return F.relu(x)


def up_block(x, skip, filters):
    x = F.interpolate(x, scale_factor=2, mode="linear", align_corners=False)
    return conv_block(torch.cat([x, skip], dim=1), filters)  # accept: recreated-parameter


class UNet(nn.Module):
    def __init__(self, base=8):
        super().__init__()
        self.base = base
        self.stem = nn.Conv1d(1, base, 3, padding=1)
        self.out = nn.Conv1d(base, 1, 1)

    def forward(self, x):
        c0 = F.relu(self.stem(x))
        c1 = conv_block(F.max_pool1d(c0, 2), self.base * 2)  # accept: recreated-parameter
        c2 = conv_block(F.max_pool1d(c1, 2), self.base * 4)  # accept: recreated-parameter
        u1 = up_block(c2, c1, self.base * 2)  # accept: recreated-parameter
        return self.out(up_block(u1, c0, self.base))  # accept: recreated-parameter


def dice(logit, mask):
    p = torch.sigmoid(logit)
    return 1 - (2 * (p * mask).sum() + 1) / (p.sum() + mask.sum() + 1)


def signal(n, length=32):
    start = torch.randint(4, 16, (n, 1))
    pos = torch.arange(length)[None]
    mask = ((pos >= start) & (pos < start + 8)).float()[:, None]
    return 1.5 * mask + 0.5 * torch.randn(n, 1, length), mask


if __name__ == "__main__":
    torch.manual_seed(0)
    net = UNet()
    opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)
    for it in range(30):
        x, mask = signal(8)
        logit = net(x)
        loss = F.binary_cross_entropy_with_logits(logit, mask) + dice(logit, mask)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if it % 10 == 0:
            print(it, round(loss.item(), 4))
