"""TD3 on a linear system: twin critics and three target networks, all deep copies, and the best policy kept apart."""

import copy

import torch
import torch.nn.functional as F
from torch import nn


def mlp(inp, out):
    return nn.Sequential(nn.Linear(inp, 32), nn.ReLU(), nn.Linear(32, out))


class TD3:
    def __init__(self, obs=3, act=1, tau=0.05):
        self.actor, self.q1 = mlp(obs, act), mlp(obs + act, 1)
        self.q2 = copy.deepcopy(self.q1)
        for m in self.q2.modules():
            if isinstance(m, nn.Linear):
                m.reset_parameters()
        self.targets = copy.deepcopy(nn.ModuleList([self.actor, self.q1, self.q2])).requires_grad_(False)
        self.opt_a = torch.optim.Adam(self.actor.parameters(), lr=1e-3)
        self.opt_q = torch.optim.Adam([*self.q1.parameters(), *self.q2.parameters()], lr=3e-3)
        self.tau, self.best, self.best_state = tau, -float("inf"), None

    def update(self, s, a, r, s2, step):
        ta, t1, t2 = self.targets
        with torch.no_grad():
            a2 = torch.tanh(ta(s2)) + (0.1 * torch.randn_like(a)).clamp(-0.2, 0.2)
            nxt = torch.cat([s2, a2], 1)
            y = r + 0.9 * torch.min(t1(nxt), t2(nxt))
        sa = torch.cat([s, a], 1)
        loss = F.mse_loss(self.q1(sa), y) + F.mse_loss(self.q2(sa), y)
        self.opt_q.zero_grad()
        loss.backward()
        self.opt_q.step()
        if step % 2 == 0:
            self.opt_a.zero_grad()
            (-self.q1(torch.cat([s, torch.tanh(self.actor(s))], 1)).mean()).backward()
            self.opt_a.step()
            with torch.no_grad():
                for p, t in zip(nn.ModuleList([self.actor, self.q1, self.q2]).parameters(), self.targets.parameters()):
                    t.lerp_(p, self.tau)
        return loss.item()

    def keep_best(self, score):
        if score > self.best:
            self.best, self.best_state = score, {k: v.detach().clone() for k, v in self.actor.state_dict().items()}


def main():
    torch.manual_seed(0)
    agent = TD3()
    for step in range(40):
        s, a = torch.randn(64, 3), torch.rand(64, 1) * 2 - 1
        s2 = 0.8 * s + 0.5 * a
        loss = agent.update(s, a, -s2.pow(2).sum(1, keepdim=True), s2, step)
        with torch.no_grad():
            s = torch.randn(64, 3)
            agent.keep_best(-(0.8 * s + 0.5 * torch.tanh(agent.actor(s))).pow(2).sum(1).mean().item())
        if step % 10 == 0:
            print(f"step {step} critic loss {loss:.3f} best {agent.best:.3f}")
    agent.actor.load_state_dict(agent.best_state)


if __name__ == "__main__":
    main()
