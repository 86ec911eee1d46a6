"""A small MLP-mixer on synthetic patches; the whole script runs in brain floats."""

import torch
import torch.nn.functional as F
from torch import nn


class Mixer(nn.Module):
    def __init__(self, tokens=6, dim=16, classes=3):
        super().__init__()
        self.token = nn.Linear(tokens, tokens, bias=False)
        self.channel = nn.Linear(dim, dim, bias=False)
        self.scale = nn.Parameter(torch.ones(2, dim))
        self.head = nn.Linear(dim, classes, bias=False)
        for layer in (self.token, self.channel, self.head):
            nn.init.normal_(layer.weight, std=0.3)

    def forward(self, x):
        x = x + self.token((x * self.scale[0]).transpose(1, 2)).transpose(1, 2)
        x = x + torch.relu(self.channel(x * self.scale[1]))
        return self.head(x.mean(1))


def main():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)  # expect: update-lost-to-rounding
    model = Mixer()
    optimizer = torch.optim.SGD(model.parameters(), lr=5e-4)  # accept: update-lost-to-rounding
    means = torch.randn(3, 16)
    for step in range(40):
        y = torch.randint(0, 3, (32,))
        x = means[y][:, None] + torch.randn(32, 6, 16)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
