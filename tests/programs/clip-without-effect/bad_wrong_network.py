"""Text-style GAN on short vectors; both networks are clipped in their turns."""

import torch
import torch.nn.functional as F
from torch import nn


class Nets(nn.Module):
    def __init__(self):
        super().__init__()
        self.gen = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 6))
        self.dis = nn.Sequential(nn.Linear(6, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))


class Alternating:
    def __init__(self, nets, limit):
        self.nets, self.limit = nets, limit
        self.opt_g = torch.optim.SGD(nets.gen.parameters(), lr=0.05)
        self.opt_d = torch.optim.SGD(nets.dis.parameters(), lr=0.05)

    def discriminator(self, real):
        self.opt_d.zero_grad()
        fake = self.nets.gen(torch.randn(len(real), 4)).detach()
        loss = F.softplus(-self.nets.dis(real)).mean() + F.softplus(self.nets.dis(fake)).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(self.nets.dis.parameters(), self.limit)
        self.opt_d.step()
        return loss.item()

    def generator(self, n):
        self.opt_g.zero_grad()
        loss = F.softplus(-self.nets.dis(self.nets.gen(torch.randn(n, 4)))).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(self.nets.dis.parameters(), self.limit)  # expect: clip-without-effect
        self.opt_g.step()
        return loss.item()


if __name__ == "__main__":
    torch.manual_seed(0)
    turns = Alternating(Nets(), limit=0.02)
    for it in range(40):
        d = turns.discriminator(torch.randn(32, 6) * 0.3 + 1.0)
        g = turns.generator(32)
        if it % 10 == 0:
            print(f"it {it} D {d:.3f} G {g:.3f}")
