"""Half-precision RMSNorm from a small library file; silent input frames occur."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class RMSNorm(nn.Module):
    def __init__(self, dim, eps=1e-8):
        super().__init__()
        self.eps = eps  # accept: low-precision-epsilon
        self.gain = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        scale = torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps)  # expect: low-precision-epsilon
        return x * scale * self.gain.to(x.dtype)


class AudioTagger(nn.Module):
    def __init__(self, bands=10, dim=24, tags=3):
        super().__init__()
        self.inp = nn.Linear(bands, dim, bias=False)
        self.norm = RMSNorm(dim)
        self.out = nn.Linear(dim, tags)

    def forward(self, x):
        return self.out(F.silu(self.norm(self.inp(x)))).mean(1)


def clips(n, proto):
    y = torch.randint(0, 3, (n,))
    x = proto[y][:, None] + 0.4 * torch.randn(n, 8, 10)
    x[torch.rand(n, 8) < 0.05] = 0.0
    return x, y


def main():
    torch.manual_seed(0)
    proto = torch.randn(3, 10)
    model = AudioTagger()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(40):
        x, y = clips(16, proto)
        with torch.autocast("cpu", dtype=torch.float16):
            loss = F.cross_entropy(model(x).float(), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
