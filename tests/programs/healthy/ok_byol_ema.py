"""BYOL with a target network that is an exponential moving average of the online one."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


class BYOL(nn.Module):
    def __init__(self, dim=10, out=16, tau=0.95):
        super().__init__()
        self.online = nn.Sequential(nn.Linear(dim, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, out))
        self.predictor = nn.Sequential(nn.Linear(out, 32), nn.ReLU(), nn.Linear(32, out))
        self.target = copy.deepcopy(self.online)
        for p in self.target.parameters():
            p.requires_grad = False
        self.tau = tau

    @torch.no_grad()
    def update_target(self):
        for t, o in zip(self.target.parameters(), self.online.parameters()):
            t.mul_(self.tau).add_(o, alpha=1 - self.tau)

    def forward(self, a, b):
        prediction = self.predictor(self.online(a))
        with torch.no_grad():
            target = self.target(b)
        return 2 - 2 * F.cosine_similarity(prediction, target).mean()


if __name__ == "__main__":
    torch.manual_seed(0)
    model = BYOL()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(40):
        x = torch.randn(64, 10)
        a, b = (x + 0.3 * torch.randn_like(x) for _ in range(2))
        loss = model(a, b) + model(b, a)
        opt.zero_grad()
        loss.backward()
        opt.step()
        model.update_target()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))
