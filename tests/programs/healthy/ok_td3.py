"""TD3 on a one-step tracking task with a replay buffer, twin critics, target smoothing and a delayed actor."""

import copy

import torch
import torch.nn as nn


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.q1, self.q2 = (nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1)) for _ in range(2))

    def forward(self, s, a):
        sa = torch.cat([s, a], 1)
        return self.q1(sa), self.q2(sa)


class TD3:
    def __init__(self):
        self.actor = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1), nn.Tanh())
        self.critic = Twin()
        self.actor_target, self.critic_target = copy.deepcopy(self.actor), copy.deepcopy(self.critic)
        self.actor_opt = torch.optim.Adam(self.actor.parameters(), lr=3e-3)
        self.critic_opt = torch.optim.Adam(self.critic.parameters(), lr=3e-3)

    def update(self, it, s, a, r, s2):
        with torch.no_grad():
            noise = (0.2 * torch.randn_like(a)).clamp(-0.5, 0.5)
            q1, q2 = self.critic_target(s2, (self.actor_target(s2) + noise).clamp(-1, 1))
            target = r + 0.6 * torch.min(q1, q2)
        q1, q2 = self.critic(s, a)
        critic_loss = (q1 - target).pow(2).mean() + (q2 - target).pow(2).mean()
        self.critic_opt.zero_grad()
        critic_loss.backward()
        self.critic_opt.step()
        if it % 2 == 0:
            actor_loss = -self.critic.q1(torch.cat([s, self.actor(s)], 1)).mean()
            self.actor_opt.zero_grad()
            actor_loss.backward()
            self.actor_opt.step()
            with torch.no_grad():
                for net, tgt in ((self.actor, self.actor_target), (self.critic, self.critic_target)):
                    for p, q in zip(net.parameters(), tgt.parameters()):
                        q.lerp_(p, 0.05)
        return critic_loss.item()


if __name__ == "__main__":
    torch.manual_seed(0)
    agent, buffer = TD3(), []
    for it in range(60):
        with torch.no_grad():
            s = torch.randn(16, 3)
            a = (agent.actor(s) + 0.3 * torch.randn(16, 1)).clamp(-1, 1)
        buffer.append((s, a, -(a - s[:, 1:2].tanh()).abs(), torch.randn(16, 3)))
        picks = [buffer[i] for i in torch.randint(0, len(buffer), (4,)).tolist()]
        loss = agent.update(it, *(torch.cat(parts) for parts in zip(*picks)))
        if it % 15 == 0:
            print(it, round(loss, 4))
