"""Domain-adversarial training with a gradient reversal layer."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class GradReverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad_output):
        return -ctx.strength * grad_output, None


class DANN(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(6, 32), nn.ReLU())
        self.label, self.domain = nn.Linear(32, 2), nn.Linear(32, 2)

    def forward(self, x, strength):
        h = self.features(x)
        return self.label(h), self.domain(GradReverse.apply(h, strength))


def sample(n, domain, gen):
    x = torch.randn(n, 6, generator=gen)
    y = (x[:, 0] + x[:, 1] > 0).long()
    x[:, 5] += 2.0 * domain
    return x, y


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(2)
    model = DANN()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(50):
        xs, ys = sample(32, 0, gen)
        xt, _ = sample(32, 1, gen)
        strength = 0.5 * step / 50
        label, dom_s = model(xs, strength)
        _, dom_t = model(xt, strength)
        zeros, ones = torch.zeros(32, dtype=torch.long), torch.ones(32, dtype=torch.long)
        loss = F.cross_entropy(label, ys) + 0.5 * (F.cross_entropy(dom_s, zeros) + F.cross_entropy(dom_t, ones))
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))
