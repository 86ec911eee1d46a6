"""Speech-like frame labelling with a bidirectional LSTM; the trainable parameters are selected once."""

import torch
import torch.nn.functional as F
from torch import nn


class Labeller(nn.Module):
    def __init__(self, feat=6, hidden=12, labels=4):
        super().__init__()
        self.norm = nn.LayerNorm(feat)
        self.norm.requires_grad_(False)
        self.rnn = nn.LSTM(feat, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, labels)

    def forward(self, x):
        return self.out(self.rnn(self.norm(x))[0])


def frames(n, gen, centers):
    y = torch.randint(0, 4, (n, 5), generator=gen).repeat_interleave(3, dim=1)
    return centers[y] + 0.7 * torch.randn(n, 15, 6, generator=gen), y


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    centers = torch.randn(4, 6, generator=gen)
    model = Labeller()
    trainable = filter(lambda p: p.requires_grad, model.parameters())  # expect: clip-without-effect
    optimizer = torch.optim.SGD(trainable, lr=0.5, momentum=0.9)  # accept: clip-without-effect
    for step in range(30):
        x, y = frames(16, gen, centers)
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trainable, 0.1)  # accept: clip-without-effect
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
