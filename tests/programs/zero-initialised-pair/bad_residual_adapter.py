"""Speaker adapters for a small acoustic model: per-speaker bottleneck MLP that starts as the identity."""

import torch
import torch.nn as nn


class BottleneckAdapter(nn.Module):
    def __init__(self, dim, bottleneck):
        super().__init__()
        self.squeeze = nn.Linear(dim, bottleneck)
        self.expand = nn.Linear(bottleneck, dim)
        self.apply(self._init)

    @staticmethod
    def _init(module):
        if isinstance(module, nn.Linear):
            module.weight.data.fill_(0.0)  # expect: zero-initialised-pair
            module.bias.data.fill_(0.0)  # accept: zero-initialised-pair

    def forward(self, x):
        return x + self.expand(torch.relu(self.squeeze(x)))  # accept: zero-initialised-pair


class Acoustic(nn.Module):
    def __init__(self, speakers=3, mel=10, dim=20, phones=5):
        super().__init__()
        self.front = nn.Linear(mel, dim)
        self.adapters = nn.ModuleList(BottleneckAdapter(dim, 6) for _ in range(speakers))
        self.out = nn.Linear(dim, phones)

    def forward(self, x, speaker):
        return self.out(self.adapters[speaker](torch.tanh(self.front(x))))


def utterance(speaker, gen, frames=40):
    y = torch.randint(0, 5, (frames,), generator=gen)
    means = torch.randn(5, 10, generator=torch.Generator().manual_seed(100 + speaker))
    return means[y] + 0.5 * torch.randn(frames, 10, generator=gen), y


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(6)
    model = Acoustic()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(15):
        total = 0.0
        opt.zero_grad()
        for speaker in range(3):
            x, y = utterance(speaker, gen)
            loss = nn.functional.cross_entropy(model(x, speaker), y) / 3
            loss.backward()
            total += loss.item()
        opt.step()
        if epoch % 5 == 4:
            print(f"epoch {epoch} ce {total:.4f}")


if __name__ == "__main__":
    main()
