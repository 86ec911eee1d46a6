"""Policy head and value head whose last layers start at zero, zero biases everywhere."""

import torch
import torch.nn as nn


class ActorCritic(nn.Module):
    def __init__(self, obs=6, actions=3):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(obs, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh())
        self.pi, self.v = nn.Linear(32, actions), nn.Linear(32, 1)
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.orthogonal_(m.weight)
                nn.init.zeros_(m.bias)
        nn.init.zeros_(self.pi.weight)
        nn.init.zeros_(self.v.weight)

    def forward(self, obs):
        h = self.trunk(obs)
        return torch.distributions.Categorical(logits=self.pi(h)), self.v(h).squeeze(-1)


if __name__ == "__main__":
    torch.manual_seed(0)
    net = ActorCritic()
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    for update in range(40):
        obs = torch.randn(64, 6)
        dist, value = net(obs)
        action = dist.sample()
        reward = (action == obs[:, :3].argmax(1)).float()
        adv = (reward - value).detach()
        loss = -(dist.log_prob(action) * adv).mean() + (value - reward).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        if update % 10 == 9:
            print(f"update {update} reward {reward.mean().item():.3f}")
