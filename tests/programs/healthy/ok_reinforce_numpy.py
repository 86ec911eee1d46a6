"""REINFORCE on a corridor: the environment, rewards and returns are numpy, logging goes through .item()."""

import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical


class Corridor:
    def __init__(self, length=6):
        self.length = length

    def reset(self):
        self.pos = self.length // 2
        return self.observe()

    def observe(self):
        return np.eye(self.length, dtype=np.float32)[self.pos]

    def step(self, action):
        self.pos = int(np.clip(self.pos + (1 if action else -1), 0, self.length - 1))
        done = self.pos in (0, self.length - 1)
        return self.observe(), (1.0 if self.pos == self.length - 1 else -0.05), done


def discounted(rewards, gamma=0.95):
    out, total = np.zeros(len(rewards), dtype=np.float32), 0.0
    for i in reversed(range(len(rewards))):
        total = rewards[i] + gamma * total
        out[i] = total
    return out


if __name__ == "__main__":
    torch.manual_seed(0)
    env = Corridor()
    policy = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 2))
    opt = torch.optim.Adam(policy.parameters(), lr=2e-2)
    history, baseline = [], 0.0
    for episode in range(50):
        obs, logps, rewards, done = env.reset(), [], [], False
        while not done and len(rewards) < 20:
            dist = Categorical(logits=policy(torch.from_numpy(obs)))
            action = dist.sample()
            logps.append(dist.log_prob(action))
            obs, reward, done = env.step(action.item())
            rewards.append(reward)
        returns = torch.as_tensor(discounted(rewards))
        loss = -(torch.stack(logps) * (returns - baseline)).sum()
        opt.zero_grad()
        loss.backward()
        opt.step()
        baseline = 0.9 * baseline + 0.1 * returns.mean().item()
        history.append(sum(rewards))
        if episode % 10 == 9:
            print(episode, round(loss.item(), 3), round(float(np.mean(history[-10:])), 3))
