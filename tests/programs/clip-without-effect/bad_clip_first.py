"""Sequence regression with a recurrent net; the update lives in a mixin."""

import torch
import torch.nn.functional as F
from torch import nn


class Updates:
    max_norm = 0.05

    def prepare(self):
        self.optimizer.zero_grad(set_to_none=False)
        nn.utils.clip_grad_norm_(self.parameters(), self.max_norm)  # expect: clip-without-effect

    def learn(self, loss):
        self.prepare()  # accept: clip-without-effect
        loss.backward()
        self.optimizer.step()


class Adder(nn.Module, Updates):
    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.RNN(2, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)
        self.optimizer = torch.optim.SGD(self.parameters(), lr=0.05)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1]).squeeze(1)


def adding(n, gen, length=8):
    value = torch.rand(n, length, generator=gen)
    mark = torch.zeros(n, length)
    mark.scatter_(1, torch.rand(n, length, generator=gen).topk(2).indices, 1.0)
    return torch.stack([value, mark], -1), (value * mark).sum(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    net = Adder()
    for step in range(50):
        x, y = adding(32, gen)
        loss = F.mse_loss(net(x), y)
        net.learn(loss)
        if step % 10 == 0:
            print(f"step {step} mse {loss.item():.4f}")
