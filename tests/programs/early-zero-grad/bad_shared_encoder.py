"""Actor-critic with one encoder for both heads and an optimizer for each loss."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Categorical


class ActorCritic(nn.Module):
    def __init__(self, obs=4, actions=3):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(obs, 24), nn.Tanh())
        self.actor, self.critic = nn.Linear(24, actions), nn.Linear(24, 1)

    def forward(self, s):
        h = self.encoder(s)
        return Categorical(logits=self.actor(h)), self.critic(h).squeeze(-1)


class Agent:
    def __init__(self):
        self.net = ActorCritic()
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=5e-3)

    def learn(self, s, a, r):
        dist, value = self.net(s)
        advantage = (r - value).detach()
        actor_loss = -(dist.log_prob(a) * advantage).mean() - 0.01 * dist.entropy().mean()
        critic_loss = F.smooth_l1_loss(value, r)

        self.optimizer.zero_grad()
        actor_loss.backward(retain_graph=True)
        self.optimizer.zero_grad()  # expect: early-zero-grad
        critic_loss.backward()
        self.optimizer.step()  # accept: early-zero-grad
        return actor_loss.item(), critic_loss.item()


def main():
    torch.manual_seed(0)
    world, agent = torch.randn(4, 3), Agent()
    for step in range(50):
        s = torch.randn(64, 4)
        with torch.no_grad():
            a = agent.net(s)[0].sample()
        reward = (a == (s @ world).argmax(1)).float()
        al, cl = agent.learn(s, a, reward)
        if step % 10 == 0:
            print(f"step {step} reward {reward.mean():.2f} actor {al:.3f} critic {cl:.3f}")


if __name__ == "__main__":
    main()
