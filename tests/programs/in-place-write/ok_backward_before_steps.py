"""World model and policy share a forward pass; both backward passes come before either optimizer steps."""

import torch
import torch.nn.functional as F
from torch import nn


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 32), nn.ELU(), nn.Linear(32, 3))
    policy = nn.Sequential(nn.Linear(3, 32), nn.ELU(), nn.Linear(32, 2), nn.Tanh())
    model_opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    policy_opt = torch.optim.Adam(policy.parameters(), lr=2e-3)
    push = torch.randn(2, 3, generator=gen)
    for step in range(50):
        state = torch.randn(64, 3, generator=gen)
        action = torch.rand(64, 2, generator=gen) * 2 - 1
        model_loss = F.mse_loss(model(torch.cat([state, action], 1)), state + action @ push)
        imagined = model(torch.cat([state, policy(state)], 1))
        policy_loss = imagined.pow(2).sum(1).mean()

        policy_opt.zero_grad()
        policy_loss.backward()
        model_opt.zero_grad()
        model_loss.backward()
        policy_opt.step()
        model_opt.step()
        if step % 10 == 9:
            print(f"step {step + 1} model {model_loss.item():.4f} policy {policy_loss.item():.4f}")


if __name__ == "__main__":
    main()
