"""Advantage actor-critic on a contextual bandit; the losses are added up for the log."""

import torch
from torch import nn
from torch.distributions import Categorical


class ActorCritic(nn.Module):
    def __init__(self, features=6, arms=4):
        super().__init__()
        self.policy = nn.Sequential(nn.Linear(features, 32), nn.Tanh(), nn.Linear(32, arms))
        self.value = nn.Sequential(nn.Linear(features, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, context):
        return Categorical(logits=self.policy(context)), self.value(context).squeeze(-1)


def main(steps=60):
    torch.manual_seed(0)
    arms = torch.randn(6, 4)
    model = ActorCritic()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(steps):
        context = torch.randn(64, 6)
        policy, value = model(context)
        arm = policy.sample()
        reward = (context @ arms).gather(1, arm[:, None]).squeeze(1)
        advantage = reward - value.detach()
        policy_loss = -(policy.log_prob(arm) * advantage).mean()
        value_loss = nn.functional.smooth_l1_loss(value, reward).item()  # expect: severed-gradient
        loss = policy_loss + value_loss - 0.01 * policy.entropy().mean()  # accept: severed-gradient
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 19:
            print(f"step {step + 1} reward {reward.mean().item():.3f} value loss {value_loss:.3f}")


if __name__ == "__main__":
    main()
