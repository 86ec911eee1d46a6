"""Memory-efficient swish in a small MLP-mixer for sequences."""

import torch
import torch.nn as nn


class EfficientSwish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad_output * s * (1 - s)  # expect: wrong-custom-backward


class Swish(nn.Module):
    def forward(self, x):
        return EfficientSwish.apply(x)  # accept: wrong-custom-backward


class MixerBlock(nn.Module):
    def __init__(self, tokens, dim):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.token = nn.Sequential(nn.Linear(tokens, 2 * tokens), Swish(), nn.Linear(2 * tokens, tokens))
        self.channel = nn.Sequential(nn.Linear(dim, 2 * dim), Swish(), nn.Linear(2 * dim, dim))

    def forward(self, x):
        x = x + self.token(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channel(self.norm2(x))


class Mixer(nn.Module):
    def __init__(self, tokens=6, dim=12):
        super().__init__()
        self.inp, self.block = nn.Linear(4, dim), MixerBlock(tokens, dim)
        self.out = nn.Linear(dim, 1)

    def forward(self, x):
        return self.out(self.block(self.inp(x)).mean(1)).squeeze(-1)


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = Mixer()
    opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(40):
        x = torch.randn(32, 6, 4, generator=gen)
        loss = (model(x) - (x[:, 0] * x[:, 3]).sum(-1)).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 4))
