"""Value learning with heavy-tailed returns: gradient norms jump by orders between updates and come back."""

import torch
import torch.nn as nn


def returns(obs, gen):
    jackpot = (torch.rand(len(obs), generator=gen) < 0.005).float() * 200.0
    return obs.sum(1) + jackpot


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(3)
    value = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 1))
    opt = torch.optim.Adam(value.parameters(), lr=3e-3)
    for update in range(60):
        obs = torch.randn(32, 4, generator=gen)
        loss = (value(obs).squeeze(1) - returns(obs, gen)).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if update % 10 == 0:
            print(f"update {update} value loss {loss.item():.2f}")
