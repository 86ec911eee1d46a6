"""Soft Q-learning on a small grid with a slowly moving target critic."""

import torch
import torch.nn.functional as F
from torch import nn


class Critic(nn.Module):
    def __init__(self, obs=5, actions=3):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(obs, 32), nn.ReLU(), nn.Linear(32, actions))

    def forward(self, s):
        return self.net(s)


class SoftQ:
    def __init__(self, tau=0.02, gamma=0.95, temperature=0.1):
        self.tau, self.gamma, self.temperature = tau, gamma, temperature
        self.critic = Critic()
        self.critic_target = self.critic.eval()  # expect: shared-reference
        self.optimizer = torch.optim.Adam(self.critic.parameters(), lr=1e-3)

    def soft_value(self, s):
        q = self.critic_target(s)
        return self.temperature * torch.logsumexp(q / self.temperature, dim=1)

    def update(self, s, a, r, s2, done):
        with torch.no_grad():
            y = r + self.gamma * (1 - done) * self.soft_value(s2)
        q = self.critic(s).gather(1, a[:, None]).squeeze(1)
        loss = F.mse_loss(q, y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.polyak()
        return loss.item()

    @torch.no_grad()
    def polyak(self):
        for p, t in zip(self.critic.parameters(), self.critic_target.parameters()):
            t.mul_(1 - self.tau).add_(self.tau * p)


def transitions(n, dyn, gen):
    s = torch.randn(n, 5, generator=gen)
    a = torch.randint(0, 3, (n,), generator=gen)
    s2 = 0.7 * s + dyn[a] + 0.1 * torch.randn(n, 5, generator=gen)
    return s, a, -s2.pow(2).mean(1), s2, (torch.rand(n, generator=gen) < 0.1).float()


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    dyn, agent = torch.randn(3, 5, generator=gen), SoftQ()
    for step in range(60):
        loss = agent.update(*transitions(64, dyn, gen))
        if step % 15 == 0:
            print(f"step {step} td {loss:.4f}")
