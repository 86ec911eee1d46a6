"""Actor and critic are clipped separately, each before its own step; the list of parameters is made once."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    actor = nn.Sequential(nn.Linear(3, 24), nn.Tanh(), nn.Linear(24, 1))
    critic = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 1))
    actor_params, critic_params = list(actor.parameters()), list(critic.parameters())
    opt_a, opt_c = torch.optim.Adam(actor_params, lr=1e-2), torch.optim.Adam(critic_params, lr=2e-2)
    for step in range(60):
        s = 0.5 * torch.randn(64, 3)
        with torch.no_grad():
            a = actor(s) + 0.3 * torch.randn(64, 1)
        cost = (a - s.sum(1, keepdim=True)).pow(2)
        loss_c = F.mse_loss(critic(torch.cat([s, a], 1)), cost)
        opt_c.zero_grad()
        loss_c.backward()
        nn.utils.clip_grad_norm_(critic_params, 0.5)
        opt_c.step()
        loss_a = critic(torch.cat([s, actor(s)], 1)).mean()
        opt_a.zero_grad()
        loss_a.backward()
        nn.utils.clip_grad_norm_(actor_params, 0.5)
        opt_a.step()
        if step % 15 == 0:
            print(f"step {step} critic {loss_c.item():.3f} cost {cost.mean().item():.3f}")


if __name__ == "__main__":
    main()
