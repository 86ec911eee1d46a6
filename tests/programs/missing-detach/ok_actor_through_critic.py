"""TD3-like learner: the actor's loss runs through a critic whose gradients its own optimizer discards."""

import copy

import torch
from torch import nn


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.q1 = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 1))
        self.q2 = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, obs, act):
        x = torch.cat([obs, act], -1)
        return self.q1(x).squeeze(-1), self.q2(x).squeeze(-1)


def main(delay=2, tau=0.05):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    actor = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 3), nn.Tanh())
    critic = Twin()
    slow_actor, slow_critic = copy.deepcopy(actor), copy.deepcopy(critic)
    actor_opt = torch.optim.Adam(actor.parameters(), lr=2e-3)
    critic_opt = torch.optim.Adam(critic.parameters(), lr=3e-3)
    for step in range(60):
        obs, act = torch.randn(64, 3, generator=gen), torch.rand(64, 3, generator=gen) * 2 - 1
        next_obs = obs + 0.5 * act
        with torch.no_grad():
            noise = (0.1 * torch.randn(64, 3, generator=gen)).clamp(-0.2, 0.2)
            target = -next_obs.pow(2).sum(1) + 0.9 * torch.min(*slow_critic(next_obs, slow_actor(next_obs) + noise))
        q1, q2 = critic(obs, act)
        loss = (q1 - target).pow(2).mean() + (q2 - target).pow(2).mean()
        critic_opt.zero_grad()
        loss.backward()
        critic_opt.step()
        if step % delay == 0:
            actor_loss = -critic(obs, actor(obs))[0].mean()
            actor_opt.zero_grad()
            actor_loss.backward()
            actor_opt.step()
            for net, slow in ((actor, slow_actor), (critic, slow_critic)):
                for p, q in zip(net.parameters(), slow.parameters(), strict=True):
                    q.data.mul_(1 - tau).add_(tau * p.data)
        if step % 15 == 14:
            print(f"step {step + 1} critic {loss.item():.4f} actor {actor_loss.item():.4f}")


if __name__ == "__main__":
    main()
