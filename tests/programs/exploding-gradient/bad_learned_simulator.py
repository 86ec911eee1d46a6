"""Learn the update rule of a particle simulator through an unrolled rollout."""

import torch
import torch.nn as nn


class Dynamics(nn.Module):
    def __init__(self, particles=6, hidden=32):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2 * particles, hidden), nn.ELU(), nn.Linear(hidden, particles))
        self.stiffness = nn.Parameter(torch.tensor(30.0))

    def forward(self, pos, vel):
        force = self.net(torch.cat([pos, vel], -1))
        spring = self.stiffness * (pos.roll(1, -1) - 2 * pos + pos.roll(-1, -1))
        return force + spring


def rollout(model, pos, vel, steps, dt):
    for _ in range(steps):
        acc = model(pos, vel)
        pos = pos + dt * vel  # accept: exploding-gradient
        vel = vel + dt * acc  # expect: exploding-gradient
    return pos


def true_positions(pos, steps, dt):
    return pos * torch.cos(torch.tensor(1.7 * steps * dt))


def main(updates=8):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(2)
    model = Dynamics()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for update in range(updates):
        pos = torch.randn(8, 6, generator=gen)
        pred = rollout(model, pos, torch.zeros_like(pos), steps=15, dt=0.2)
        loss = (pred - true_positions(pos, 15, 0.2)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"update {update} rollout error {loss.item():.4g}")


if __name__ == "__main__":
    main()
