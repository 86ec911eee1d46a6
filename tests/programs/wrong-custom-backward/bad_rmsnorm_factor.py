"""RMSNorm written by hand for a toy language-model block."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class RMSNormFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, eps):
        inv = (x.pow(2).mean(-1, keepdim=True) + eps).rsqrt()
        ctx.save_for_backward(x, weight, inv)
        return x * inv * weight

    @staticmethod
    def backward(ctx, grad):
        x, weight, inv = ctx.saved_tensors
        normed = x * inv
        grad_weight = (grad * normed).flatten(0, -2).sum(0)
        g = grad * weight
        grad_x = inv * (g - normed * (g * normed).sum(-1, keepdim=True))  # expect: wrong-custom-backward
        return grad_x, grad_weight, None  # accept: wrong-custom-backward


class RMSNorm(nn.Module):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(dim)), eps

    def forward(self, x):
        return RMSNormFunction.apply(x, self.weight, self.eps)  # accept: wrong-custom-backward


class Block(nn.Module):
    def __init__(self, vocab=10, dim=16):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.norm = RMSNorm(dim)
        self.up, self.down = nn.Linear(2 * dim, 48), nn.Linear(48, dim)
        self.final, self.head = RMSNorm(dim), nn.Linear(dim, vocab)

    def forward(self, pair):
        x = self.emb(pair)
        h = self.down(F.silu(self.up(self.norm(x).flatten(1))))
        return self.head(self.final(x[:, 1] + h))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Block()
    opt = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(40):
        pair = torch.randint(0, 10, (64, 2))
        loss = F.cross_entropy(model(pair), (pair[:, 0] + pair[:, 1]) % 10)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))
