"""Group-relative policy optimisation on a tiny arithmetic task: several samples per prompt, advantages per group."""

import torch
import torch.nn as nn


class Policy(nn.Module):
    def __init__(self, vocab=6, dim=24):
        super().__init__()
        self.embed = nn.Embedding(vocab * vocab, dim)
        self.head = nn.Sequential(nn.Linear(dim, 32), nn.Tanh(), nn.Linear(32, 2 * vocab))

    def forward(self, prompt):
        return torch.log_softmax(self.head(self.embed(prompt)), dim=-1)


def group_advantages(rewards):
    mean = rewards.mean(dim=1, keepdim=True)
    std = rewards.std(dim=1, keepdim=True)
    return (rewards - mean) / std  # expect: non-finite-origin


def rollout(policy, prompts, group):
    with torch.no_grad():
        probs = policy(prompts).exp()
        actions = torch.multinomial(probs, group, replacement=True)
    answer = prompts // 6 + prompts % 6
    return actions, (actions == answer[:, None]).float()


def main(updates=20, group=6):
    torch.manual_seed(0)
    policy = Policy()
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
    for update in range(updates):
        prompts = torch.randint(0, 36, (16,))
        actions, rewards = rollout(policy, prompts, group)
        adv = group_advantages(rewards)
        logp = policy(prompts).gather(1, actions)
        loss = -(adv * logp).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimizer.step()
        if update == 0:
            print(f"first reward {rewards.mean().item():.3f}")
        if torch.isnan(loss):
            print(f"loss is nan at update {update}")
            break


if __name__ == "__main__":
    main()
