"""Discrete bottleneck with hard Gumbel-softmax samples and an annealed temperature."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class DiscreteAE(nn.Module):
    def __init__(self, classes=6, slots=2, codes=4):
        super().__init__()
        self.slots, self.codes = slots, codes
        self.enc, self.dec = nn.Linear(classes, slots * codes), nn.Linear(slots * codes, classes)

    def forward(self, x, tau):
        logits = self.enc(x).view(-1, self.slots, self.codes)
        code = F.gumbel_softmax(logits, tau=tau, hard=True)
        return self.dec(code.flatten(1))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = DiscreteAE()
    opt = torch.optim.Adam(model.parameters(), lr=3e-2)
    for step in range(60):
        y = torch.randint(0, 6, (64,))
        loss = F.cross_entropy(model(F.one_hot(y, 6).float(), max(0.5, 1.0 - step / 100)), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 15 == 0:
            print(step, round(loss.item(), 3))
