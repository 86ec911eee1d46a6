"""DDPG with soft target updates on a point that is pushed towards the origin."""

import copy

import torch
from torch import nn


class Actor(nn.Module):
    def __init__(self, obs=3, act=3):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(obs, 32), nn.ReLU(), nn.Linear(32, act), nn.Tanh())

    def forward(self, obs):
        return self.net(obs)


class Critic(nn.Module):
    def __init__(self, obs=3, act=3):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(obs + act, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, obs, act):
        return self.net(torch.cat([obs, act], -1)).squeeze(-1)


class DDPG:
    def __init__(self, gamma=0.9, tau=0.02):
        self.actor, self.critic = Actor(), Critic()
        self.actor_target, self.critic_target = copy.deepcopy(self.actor), copy.deepcopy(self.critic)
        self.actor_opt = torch.optim.Adam(self.actor.parameters(), lr=1e-3)
        self.critic_opt = torch.optim.Adam(self.critic.parameters(), lr=3e-3)
        self.gamma, self.tau = gamma, tau

    def target(self, reward, next_obs):
        next_value = self.critic_target(next_obs, self.actor_target(next_obs))  # accept: missing-detach
        return reward + self.gamma * next_value  # accept: missing-detach

    def update(self, obs, act, reward, next_obs):
        error = self.critic(obs, act) - self.target(reward, next_obs)  # expect: missing-detach
        critic_loss = error.pow(2).mean()
        self.critic_opt.zero_grad()
        critic_loss.backward()  # accept: missing-detach
        self.critic_opt.step()

        actor_loss = -self.critic(obs, self.actor(obs)).mean()
        self.actor_opt.zero_grad()
        actor_loss.backward()
        self.actor_opt.step()

        with torch.no_grad():
            for net, slow in ((self.actor, self.actor_target), (self.critic, self.critic_target)):
                for p, q in zip(net.parameters(), slow.parameters(), strict=True):
                    q.lerp_(p, self.tau)
        return critic_loss.item(), actor_loss.item()


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    agent = DDPG()
    for step in range(60):
        obs = torch.randn(64, 3, generator=gen)
        act = torch.rand(64, 3, generator=gen) * 2 - 1
        next_obs = obs + 0.5 * act
        losses = agent.update(obs, act, -next_obs.pow(2).sum(1), next_obs)
        if step % 15 == 14:
            print(f"step {step + 1} critic {losses[0]:.4f} actor {losses[1]:.4f}")
