"""REINFORCE with a learned baseline on a contextual bandit; actions are drawn with sample()."""

import torch
from torch import nn
from torch.distributions import Categorical


class Policy(nn.Module):
    def __init__(self, obs=6, actions=4):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(obs, 32), nn.Tanh())
        self.logits = nn.Linear(32, actions)
        self.baseline = nn.Linear(32, 1)

    def forward(self, obs):
        h = self.trunk(obs)
        return Categorical(logits=self.logits(h)), self.baseline(h.detach()).squeeze(-1)


def pull(obs, action):
    """The environment: plain numbers, no gradient."""
    best = obs[:, :4].argmax(1)
    return torch.tensor([1.0 if a == b else 0.0 for a, b in zip(action.tolist(), best.tolist(), strict=True)])


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    policy = Policy()
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
    for step in range(60):
        obs = torch.randn(64, 6, generator=gen)
        dist, value = policy(obs)
        action = dist.sample()
        reward = pull(obs, action)
        advantage = reward - value.detach()
        loss = -(dist.log_prob(action) * advantage).mean() + 0.5 * (value - reward).pow(2).mean()
        loss = loss - 0.01 * dist.entropy().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 15 == 14:
            print(f"step {step + 1} reward {reward.mean():.3f}")


if __name__ == "__main__":
    main()
