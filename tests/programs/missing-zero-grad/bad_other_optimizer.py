"""Adversarial domain adaptation: a feature extractor, a label head and a domain critic with their own optimizers."""

import torch
import torch.nn.functional as F
from torch import nn


class ADDA:
    def __init__(self):
        self.features = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 12))
        self.labels = nn.Linear(12, 2)
        self.critic = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 1))
        self.opt_main = torch.optim.Adam([*self.features.parameters(), *self.labels.parameters()], lr=2e-3)
        self.opt_critic = torch.optim.SGD(self.critic.parameters(), lr=0.05)

    def critic_step(self, src, tgt):
        with torch.no_grad():
            fs, ft = self.features(src), self.features(tgt)
        logit = self.critic(torch.cat([fs, ft])).squeeze(1)
        domain = torch.cat([torch.ones(len(src)), torch.zeros(len(tgt))])
        loss = F.binary_cross_entropy_with_logits(logit, domain)
        self.opt_main.zero_grad()  # expect: missing-zero-grad
        loss.backward()  # accept: missing-zero-grad
        self.opt_critic.step()  # accept: missing-zero-grad
        return loss.item()

    def main_step(self, src, y, tgt):
        fool = self.critic(self.features(tgt)).squeeze(1)
        loss = F.cross_entropy(self.labels(self.features(src)), y)
        loss = loss + 0.1 * F.binary_cross_entropy_with_logits(fool, torch.ones(len(tgt)))
        self.opt_main.zero_grad()
        loss.backward()
        self.opt_main.step()
        return loss.item()


def main():
    torch.manual_seed(0)
    model, w = ADDA(), torch.randn(6)
    for step in range(40):
        src, tgt = torch.randn(32, 6), torch.randn(32, 6) + 0.7
        c = model.critic_step(src, tgt)
        m = model.main_step(src, (src @ w > 0).long(), tgt)
        if step % 10 == 0:
            print(f"step {step} critic {c:.3f} main {m:.3f}")


if __name__ == "__main__":
    main()
