"""Value gradients for a stochastic controller: the actor climbs a learned critic."""

import torch
from torch import nn
from torch.distributions import Independent, Normal


class GaussianActor(nn.Module):
    def __init__(self, obs=4, act=2):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(obs, 32), nn.Tanh(), nn.Linear(32, act))
        self.log_std = nn.Parameter(torch.full((act,), -1.0))

    def distribution(self, obs):
        return Independent(Normal(self.body(obs), self.log_std.exp()), 1)

    def act(self, obs):
        return self.distribution(obs).sample()  # expect: severed-gradient


class Critic(nn.Module):
    def __init__(self, obs=4, act=2):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(obs + act, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, obs, act):
        return self.net(torch.cat([obs, act], dim=-1)).squeeze(-1)


def reward(obs, act):
    return -(act - obs[:, :2] * obs[:, 2:]).pow(2).sum(-1)


class Learner:
    def __init__(self):
        self.actor, self.critic = GaussianActor(), Critic()
        self.actor_opt = torch.optim.Adam(self.actor.parameters(), lr=3e-3)
        self.critic_opt = torch.optim.Adam(self.critic.parameters(), lr=3e-3)

    def update_critic(self, obs):
        act = self.actor.act(obs)
        loss = nn.functional.mse_loss(self.critic(obs, act), reward(obs, act))
        self.critic_opt.zero_grad()
        loss.backward()
        self.critic_opt.step()
        return loss.item()

    def update_actor(self, obs):
        loss = -self.critic(obs, self.actor.act(obs)).mean()  # accept: severed-gradient
        self.actor_opt.zero_grad()
        loss.backward()
        self.actor_opt.step()
        return loss.item()


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    learner = Learner()
    for step in range(60):
        obs = torch.randn(64, 4, generator=gen)
        critic_loss, actor_loss = learner.update_critic(obs), learner.update_actor(obs)
        if step % 15 == 14:
            print(f"step {step + 1} critic {critic_loss:.4f} actor {actor_loss:.4f}")
