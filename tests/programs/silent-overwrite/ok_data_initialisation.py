"""DCGAN-like weight initialisation through .data, hand-written momentum SGD through .data, and a decay."""

import torch
import torch.nn.functional as F
from torch import nn


def init_weights(m):
    if isinstance(m, nn.Linear):
        m.weight.data.normal_(0.0, 0.2)
        m.bias.data.fill_(0)
    elif isinstance(m, nn.Embedding):
        m.weight.data.uniform_(-0.1, 0.1)
        m.weight.data[0] = 0


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(30, 16)
        self.mlp = nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 3))
        self.apply(init_weights)

    def forward(self, tokens):
        return self.mlp(self.embed(tokens).sum(1))


def main(lr=0.1, momentum=0.9, decay=1e-4):
    torch.manual_seed(0)
    model = Bag()
    velocity = [torch.zeros_like(p) for p in model.parameters()]
    for step in range(50):
        tokens = torch.randint(1, 30, (32, 5))
        loss = F.cross_entropy(model(tokens), tokens.max(1).values.clamp(min=20, max=29).sub(20) // 4)
        model.zero_grad()
        loss.backward()
        for p, v in zip(model.parameters(), velocity, strict=True):
            v.mul_(momentum).add_(p.grad.data)
            p.data.mul_(1 - lr * decay)
            p.data.add_(v, alpha=-lr)
        model.embed.weight.data[0].zero_()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
