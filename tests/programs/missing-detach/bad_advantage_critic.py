"""Advantage actor-critic on a contextual bandit, one optimizer per network."""

import torch
from torch import nn
from torch.distributions import Categorical


class Bandit:
    """Rewards depend on the context and on which arm is pulled."""

    def __init__(self, seed=0):
        self.gen = torch.Generator().manual_seed(seed)
        self.weight = torch.randn(6, 4, generator=self.gen)

    def contexts(self, n):
        return torch.randn(n, 6, generator=self.gen)

    def pull(self, context, arm):
        mean = (context @ self.weight).gather(1, arm[:, None]).squeeze(1)
        return mean + 0.1 * torch.randn(mean.shape, generator=self.gen)


class A2C:
    def __init__(self):
        self.actor = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 4))
        self.critic = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))
        self.actor_optimizer = torch.optim.Adam(self.actor.parameters(), lr=5e-3)
        self.critic_optimizer = torch.optim.Adam(self.critic.parameters(), lr=5e-3)

    def update(self, env, n=64):
        context = env.contexts(n)
        policy = Categorical(logits=self.actor(context))
        arm = policy.sample()
        reward = env.pull(context, arm)
        value = self.critic(context).squeeze(-1)
        advantage = reward - value  # expect: missing-detach
        actor_loss = -(policy.log_prob(arm) * advantage).mean()  # accept: missing-detach
        critic_loss = 0.5 * (value - reward).pow(2).mean()
        self.actor_optimizer.zero_grad()
        self.critic_optimizer.zero_grad()
        (actor_loss + critic_loss).backward()  # accept: missing-detach
        self.actor_optimizer.step()
        self.critic_optimizer.step()
        return reward.mean().item(), critic_loss.item()


if __name__ == "__main__":
    torch.manual_seed(0)
    env, agent = Bandit(), A2C()
    for step in range(60):
        reward, critic_loss = agent.update(env)
        if step % 15 == 14:
            print(f"step {step + 1} reward {reward:.3f} critic {critic_loss:.4f}")
