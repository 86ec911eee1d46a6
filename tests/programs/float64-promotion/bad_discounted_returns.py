"""REINFORCE on a corridor; returns are discounted in numpy."""

import numpy as np
import torch
import torch.nn as nn


class Corridor:
    size = 6

    def reset(self):
        self.at, self.t = 2, 0
        return self.observe()

    def observe(self):
        return np.eye(self.size, dtype=np.float32)[self.at]

    def step(self, action):
        self.at = int(np.clip(self.at + (1 if action == 1 else -1), 0, self.size - 1))
        self.t += 1
        done = self.at == self.size - 1 or self.t >= 12
        return self.observe(), float(self.at == self.size - 1) - 0.05, done


def discount(rewards, gamma=0.95):
    out = np.zeros(len(rewards))
    running = 0.0
    for i in reversed(range(len(rewards))):
        running = rewards[i] + gamma * running
        out[i] = running
    return torch.from_numpy(out)  # expect: float64-promotion


def episode(env, policy):
    logps, rewards, done = [], [], False
    state = env.reset()
    while not done:
        dist = torch.distributions.Categorical(logits=policy(torch.from_numpy(state)))
        action = dist.sample()
        logps.append(dist.log_prob(action))
        state, reward, done = env.step(action.item())
        rewards.append(reward)
    return torch.stack(logps), rewards


def main():
    torch.manual_seed(0)
    env, policy = Corridor(), nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 2))
    optimizer = torch.optim.Adam(policy.parameters(), lr=2e-2)
    for i in range(40):
        logps, rewards = episode(env, policy)
        loss = -(logps * discount(rewards)).sum()  # accept: float64-promotion
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if i % 10 == 0:
            print(f"episode {i} return {sum(rewards):.2f}")


if __name__ == "__main__":
    main()
