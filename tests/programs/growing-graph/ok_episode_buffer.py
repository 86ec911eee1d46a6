"""REINFORCE: log-probabilities are kept with their history for one episode, then used once and dropped."""

import torch
from torch import nn
from torch.distributions import Categorical


class Policy(nn.Module):
    def __init__(self, states=6):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(states, 16), nn.Tanh(), nn.Linear(16, 2))
        self.saved_log_probs, self.rewards = [], []

    def act(self, position):
        dist = Categorical(logits=self.net(nn.functional.one_hot(torch.tensor(position), 6).float()))
        action = dist.sample()
        self.saved_log_probs.append(dist.log_prob(action))
        return action.item()


def finish(policy, optimizer, gamma=0.95):
    value, returns = 0.0, []
    for reward in reversed(policy.rewards):
        value = reward + gamma * value
        returns.insert(0, value)
    returns = torch.tensor(returns)
    loss = -(torch.stack(policy.saved_log_probs) * (returns - returns.mean())).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    del policy.saved_log_probs[:]
    del policy.rewards[:]


def main():
    torch.manual_seed(0)
    policy = Policy()
    optimizer = torch.optim.Adam(policy.parameters(), lr=2e-2)
    lengths = []
    for episode in range(40):
        position, time = 0, 0
        while position < 5 and time < 20:
            position, time = max(0, position + (1 if policy.act(position) else -1)), time + 1
            policy.rewards.append(1.0 if position == 5 else -0.1)
        finish(policy, optimizer)
        lengths.append(time)
        if episode % 10 == 9:
            print(f"episode {episode + 1} length {sum(lengths[-10:]) / 10:.1f}")


if __name__ == "__main__":
    main()
