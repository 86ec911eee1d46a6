"""PPO on a contextual bandit: old log-probabilities and advantages are constants of several epochs."""

import torch
import torch.nn as nn
from torch.distributions import Categorical


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 3))
        self.critic = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 1))


def collect(agent, n):
    obs = torch.randn(n, 4)
    with torch.no_grad():
        dist = Categorical(logits=agent.actor(obs))
        action = dist.sample()
        logp, value = dist.log_prob(action), agent.critic(obs).squeeze(1)
    reward = (action == obs[:, :3].argmax(1)).float() + 0.1 * torch.randn(n)
    return obs, action, logp, reward - value, reward


if __name__ == "__main__":
    torch.manual_seed(0)
    agent = Agent()
    opt = torch.optim.Adam(agent.parameters(), lr=5e-3, eps=1e-5)
    for iteration in range(8):
        obs, action, old_logp, adv, ret = collect(agent, 128)
        adv = (adv - adv.mean()) / (adv.std() + 1e-8)
        for _ in range(3):
            for i in torch.randperm(128).split(64):
                dist = Categorical(logits=agent.actor(obs[i]))
                ratio = (dist.log_prob(action[i]) - old_logp[i]).exp()
                policy = -torch.min(ratio * adv[i], ratio.clamp(0.8, 1.2) * adv[i]).mean()
                value = (agent.critic(obs[i]).squeeze(1) - ret[i]).pow(2).mean()
                loss = policy + 0.5 * value - 0.01 * dist.entropy().mean()
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
                opt.step()
        print(f"iteration {iteration} reward {ret.mean().item():.3f}")
