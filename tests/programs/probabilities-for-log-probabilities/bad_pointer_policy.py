"""Behaviour cloning of a scheduler: the policy's action distribution against the expert's choice."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class PointerPolicy(nn.Module):
    def __init__(self, feats=4, dim=16):
        super().__init__()
        self.embed = nn.Linear(feats, dim)
        self.score = nn.Linear(dim, 1)

    def forward(self, jobs, ready):
        scores = self.score(torch.tanh(self.embed(jobs))).squeeze(-1)
        return F.softmax(scores.masked_fill(~ready, -1e9), dim=-1)  # accept: probabilities-for-log-probabilities


class Cloner:
    def __init__(self, policy, lr=1e-2):
        self.policy = policy
        self.optimizer = torch.optim.RMSprop(policy.parameters(), lr=lr)

    def update(self, jobs, ready, choice):
        probs = self.policy(jobs, ready)
        loss = F.nll_loss(probs, choice)  # expect: probabilities-for-log-probabilities
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item(), (probs.argmax(1) == choice).float().mean().item()


def expert(jobs, ready):
    return (jobs[..., 0] - jobs[..., 1]).masked_fill(~ready, -1e9).argmax(1)


def main():
    torch.manual_seed(0)
    cloner = Cloner(PointerPolicy())
    for step in range(40):
        jobs = torch.randn(32, 6, 4)
        ready = torch.rand(32, 6) < 0.8
        ready[:, 0] = True
        loss, agreement = cloner.update(jobs, ready, expert(jobs, ready))
        if step % 10 == 0:
            print(f"step {step} loss {loss:.4f} agreement {agreement:.2f}")


if __name__ == "__main__":
    main()
