"""Deterministic policy gradient whose actor moves every second step."""

import copy

import torch
import torch.nn as nn


def mlp(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 32), nn.ReLU(), nn.Linear(32, n_out))


if __name__ == "__main__":
    torch.manual_seed(0)
    actor, critic = mlp(3, 1), mlp(4, 1)
    actor_target, critic_target = copy.deepcopy(actor), copy.deepcopy(critic)
    opt_a = torch.optim.Adam(actor.parameters(), lr=1e-2)
    opt_c = torch.optim.Adam(critic.parameters(), lr=1e-2)
    for step in range(60):
        obs, nxt = torch.randn(64, 3), torch.randn(64, 3)
        act = actor(obs).tanh().detach() + 0.3 * torch.randn(64, 1)
        reward = -(act - obs[:, :1].tanh()).pow(2)
        with torch.no_grad():
            target = reward + 0.5 * critic_target(torch.cat([nxt, actor_target(nxt).tanh()], 1))
        loss_c = (critic(torch.cat([obs, act], 1)) - target).pow(2).mean()
        opt_c.zero_grad()
        loss_c.backward()
        opt_c.step()
        if step % 2 == 1:
            loss_a = -critic(torch.cat([obs, actor(obs).tanh()], 1)).mean()
            opt_a.zero_grad()
            loss_a.backward()
            opt_a.step()
            for net, target_net in ((actor, actor_target), (critic, critic_target)):
                for p, q in zip(net.parameters(), target_net.parameters()):
                    q.data.mul_(0.95).add_(0.05 * p.data)
        if step % 15 == 14:
            print(f"{step} critic {loss_c.item():.3f} reward {reward.mean().item():.3f}")
