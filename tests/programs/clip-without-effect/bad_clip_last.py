"""REINFORCE on a corridor with noisy returns; gradient values are limited."""

import torch
from torch import nn
from torch.distributions import Categorical


class Corridor:
    def __init__(self, length=5):
        self.length = length

    def rollout(self, policy, horizon=10):
        pos, logs, rewards = 0, [], []
        for _ in range(horizon):
            state = nn.functional.one_hot(torch.tensor(pos), self.length + 1).float()
            dist = Categorical(logits=policy(state))
            a = dist.sample()
            logs.append(dist.log_prob(a))
            pos = max(0, pos + (1 if a.item() else -1))
            rewards.append(10.0 if pos == self.length else -1.0)
            if pos == self.length:
                break
        return torch.stack(logs), torch.tensor(rewards)


class Learner:
    def __init__(self, clip=0.05):
        self.policy = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 2))
        self.optimizer = torch.optim.SGD(self.policy.parameters(), lr=0.01)
        self.clip = clip

    def update(self, loss):
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        nn.utils.clip_grad_value_(self.policy.parameters(), self.clip)  # expect: clip-without-effect


def main():
    torch.manual_seed(0)
    world, learner = Corridor(), Learner()
    for episode in range(40):
        logs, rewards = world.rollout(learner.policy)
        returns = rewards.flip(0).cumsum(0).flip(0)
        learner.update(-(logs * returns).sum())
        if episode % 10 == 0:
            print(f"episode {episode} length {len(rewards)} return {rewards.sum().item():.1f}")


if __name__ == "__main__":
    main()
