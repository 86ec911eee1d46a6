"""Deep plain convolutional denoiser, weights start small for stability."""

import torch
import torch.nn as nn


def init_weights(module, std=0.02):
    if isinstance(module, nn.Conv1d):
        nn.init.normal_(module.weight, std=std)  # expect: vanishing-gradient
        nn.init.zeros_(module.bias)


class Denoiser(nn.Module):
    def __init__(self, channels=12, depth=9):
        super().__init__()
        self.first = nn.Conv1d(1, channels, 3, padding=1)
        self.middle = nn.ModuleList(nn.Conv1d(channels, channels, 3, padding=1) for _ in range(depth))
        self.last = nn.Conv1d(channels, 1, 3, padding=1)
        self.apply(init_weights)  # accept: vanishing-gradient

    def forward(self, x):
        x = torch.tanh(self.first(x))
        for conv in self.middle:
            x = torch.tanh(conv(x))  # accept: vanishing-gradient
        return self.last(x)


def signals(n, gen):
    t = torch.arange(32.0) * 0.3 + 6.28 * torch.rand(n, 1, generator=gen)
    clean = torch.sin(t)[:, None]
    return clean + 0.2 * torch.randn(clean.shape, generator=gen), clean


if __name__ == "__main__":
    torch.manual_seed(1)
    gen = torch.Generator().manual_seed(1)
    model = Denoiser()
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for it in range(30):
        noisy, clean = signals(16, gen)
        loss = (model(noisy) - clean).square().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if it % 10 == 0:
            print(f"iteration {it}: {loss.item():.5f}")
