"""Actor-critic with a shared trunk and an optimizer for either loss."""

import torch
import torch.nn as nn


class Agent(nn.Module):
    def __init__(self, states=6, actions=3, hidden=24):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(states, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())
        self.actor, self.critic = nn.Linear(hidden, actions), nn.Linear(hidden, 1)

    def forward(self, s):
        h = self.trunk(s)
        return torch.distributions.Categorical(logits=self.actor(h)), self.critic(h).squeeze(-1)


class Learner:
    def __init__(self, agent):
        self.agent = agent
        trunk = list(agent.trunk.parameters())
        self.actor_opt = torch.optim.Adam(trunk + list(agent.actor.parameters()), lr=3e-3)
        self.critic_opt = torch.optim.Adam(trunk + list(agent.critic.parameters()), lr=3e-3)

    def update(self, state, reward_of):
        dist, value = self.agent(state)  # accept: in-place-write
        action = dist.sample()
        reward = reward_of(action)
        actor_loss = -(dist.log_prob(action) * (reward - value).detach()).mean()
        critic_loss = (reward - value).pow(2).mean()

        self.actor_opt.zero_grad()
        actor_loss.backward(retain_graph=True)
        self.actor_opt.step()  # expect: in-place-write
        self.critic_opt.zero_grad()
        critic_loss.backward()  # accept: in-place-write
        self.critic_opt.step()
        return reward.mean().item()


def main():
    torch.manual_seed(0)
    payoff = torch.randn(6, 3)
    learner = Learner(Agent())
    for step in range(30):
        index = torch.randint(0, 6, (32,))
        reward = learner.update(torch.eye(6)[index], lambda a, at=index: payoff[at, a])
        if step % 10 == 0:
            print(f"step {step} reward {reward:.3f}")


if __name__ == "__main__":
    main()
