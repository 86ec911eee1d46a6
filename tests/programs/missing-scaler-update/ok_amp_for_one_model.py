"""Policy in mixed precision with a scaler; the small value network in full precision without one."""

import torch
import torch.nn as nn


def main():
    torch.manual_seed(0)
    payoff = torch.randn(6, 4)
    policy = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 4))
    value = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1))
    p_opt = torch.optim.Adam(policy.parameters(), lr=1e-2)
    v_opt = torch.optim.SGD(value.parameters(), lr=0.05)
    scaler = torch.amp.GradScaler("cpu")
    for step in range(60):
        state = torch.eye(6)[torch.randint(0, 6, (64,))]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = policy(state)
        dist = torch.distributions.Categorical(logits=logits.float())
        action = dist.sample()
        reward = (state @ payoff).gather(1, action[:, None])
        baseline = value(state)
        p_loss = -(dist.log_prob(action) * (reward - baseline).detach().squeeze(1)).mean()
        v_loss = (baseline - reward).pow(2).mean()

        p_opt.zero_grad()
        scaler.scale(p_loss).backward()
        scaler.step(p_opt)
        scaler.update()

        v_opt.zero_grad()
        v_loss.backward()
        v_opt.step()
        if step % 10 == 0:
            print(f"step {step} reward {reward.mean().item():.3f} value loss {v_loss.item():.3f}")


if __name__ == "__main__":
    main()
