"""Advantage actor-critic on a contextual bandit."""

import torch
import torch.nn as nn


class ActorCritic(nn.Module):
    def __init__(self, states=5, actions=3, hidden=32):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(states, hidden), nn.Tanh())
        self.pi = nn.Linear(hidden, actions)
        self.v = nn.Linear(hidden, 1)

    def forward(self, s):
        h = self.trunk(s)
        return torch.distributions.Categorical(logits=self.pi(h)), self.v(h)  # accept: broadcast-loss


def main():
    torch.manual_seed(0)
    payoff = torch.randn(5, 3)
    net = ActorCritic()
    optimizer = torch.optim.RMSprop(net.parameters(), lr=5e-3)
    for update in range(50):
        index = torch.randint(0, 5, (32,))
        dist, value = net(torch.eye(5)[index])
        action = dist.sample()
        returns = payoff[index, action] + 0.1 * torch.randn(32)
        advantage = returns - value  # expect: broadcast-loss
        policy_loss = -(dist.log_prob(action) * advantage.detach()).mean()  # accept: broadcast-loss
        value_loss = advantage.pow(2).mean()  # accept: broadcast-loss
        loss = policy_loss + 0.5 * value_loss - 0.01 * dist.entropy().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if update % 10 == 0:
            print(f"update {update} return {returns.mean().item():.3f} value loss {value_loss.item():.3f}")


if __name__ == "__main__":
    main()
