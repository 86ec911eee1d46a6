"""Policy with forbidden actions: the logits of a linear layer are masked through .data, nothing saved is touched."""

import torch
from torch import nn
from torch.distributions import Categorical


class MaskedPolicy(nn.Module):
    def __init__(self, obs=6, actions=5):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(obs, 32), nn.Tanh())
        self.logits = nn.Linear(32, actions)

    def forward(self, obs, allowed):
        logits = self.logits(self.body(obs))
        logits.data[~allowed] = -1e9
        return Categorical(logits=logits)


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    policy = MaskedPolicy()
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
    for step in range(60):
        obs = torch.randn(64, 6, generator=gen)
        allowed = torch.rand(64, 5, generator=gen) < 0.7
        allowed[:, 0] = True
        dist = policy(obs, allowed)
        action = dist.sample()
        reward = obs.gather(1, action[:, None]).squeeze(1)
        loss = -(dist.log_prob(action) * (reward - reward.mean())).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 15 == 14:
            print(f"step {step + 1} reward {reward.mean():.4f}")


if __name__ == "__main__":
    main()
