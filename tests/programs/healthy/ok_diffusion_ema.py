"""Denoising diffusion on 2-d points, with a moving average of the weights used for sampling."""

import copy

import torch
import torch.nn as nn

STEPS = 20
ALPHA_BAR = torch.cumprod(1 - torch.linspace(1e-3, 0.25, STEPS), 0)


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.time = nn.Embedding(STEPS, 16)
        self.net = nn.Sequential(nn.Linear(18, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU(), nn.Linear(48, 2))

    def forward(self, x, t):
        return self.net(torch.cat([x, self.time(t)], -1))


@torch.no_grad()
def sample(model, n):
    x = torch.randn(n, 2)
    for t in reversed(range(STEPS)):
        eps = model(x, torch.full((n,), t))
        before = ALPHA_BAR[t - 1] if t else torch.tensor(1.0)
        clean = (x - (1 - ALPHA_BAR[t]).sqrt() * eps) / ALPHA_BAR[t].sqrt()
        x = before.sqrt() * clean + (1 - before).sqrt() * eps
    return x


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Denoiser()
    ema = copy.deepcopy(model).requires_grad_(False)
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(60):
        x = 0.1 * torch.randn(128, 2) + torch.tensor([1.0, -1.0])
        t, noise = torch.randint(0, STEPS, (128,)), torch.randn(128, 2)
        a = ALPHA_BAR[t][:, None]
        loss = (model(a.sqrt() * x + (1 - a).sqrt() * noise, t) - noise).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        with torch.no_grad():
            for e, p in zip(ema.parameters(), model.parameters()):
                e.lerp_(p, 0.1)
        if step % 20 == 19:
            print(step, round(loss.item(), 3), [round(v, 2) for v in sample(ema, 64).mean(0).tolist()])
