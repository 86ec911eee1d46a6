"""PPO with a clipped ratio on a contextual bandit; the behaviour policy is refreshed before every round."""

import copy

import torch
from torch import nn
from torch.distributions import Categorical


class Policy(nn.Module):
    def __init__(self, obs=4, actions=4):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(obs, 24), nn.Tanh())
        self.pi = nn.Linear(24, actions)
        self.value = nn.Linear(24, 1)

    def forward(self, s):
        h = self.body(s)
        return Categorical(logits=self.pi(h)), self.value(h).squeeze(-1)


class PPO:
    def __init__(self, clip=0.2, epochs=4):
        self.policy = Policy()
        self.policy_old = copy.copy(self.policy)  # expect: shared-reference
        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=1e-2)
        self.clip, self.epochs = clip, epochs

    def collect(self, world, n=64):
        s = torch.randn(n, 4)
        with torch.no_grad():
            dist, _ = self.policy_old(s)
            a = dist.sample()
        return s, a, (a == (s @ world).argmax(1)).float()

    def improve(self, s, a, r):
        for _ in range(self.epochs):
            dist, value = self.policy(s)
            with torch.no_grad():
                old, _ = self.policy_old(s)
            adv = r - value.detach()
            ratio = (dist.log_prob(a) - old.log_prob(a)).exp()
            surrogate = torch.min(ratio * adv, ratio.clamp(1 - self.clip, 1 + self.clip) * adv)
            loss = -surrogate.mean() + 0.5 * (value - r).pow(2).mean() - 0.01 * dist.entropy().mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        self.policy_old.load_state_dict(self.policy.state_dict())
        return r.mean().item()


if __name__ == "__main__":
    torch.manual_seed(0)
    world, agent = torch.randn(4, 4), PPO()
    for rnd in range(12):
        reward = agent.improve(*agent.collect(world))
        if rnd % 4 == 0:
            print(f"round {rnd} reward {reward:.3f}")
