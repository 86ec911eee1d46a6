"""Physics-informed fit of a decay equation with LBFGS and a closure."""

import torch
import torch.nn as nn


class Field(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))

    def forward(self, t):
        return self.net(t)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Field()
    t = torch.linspace(0, 2, 20)[:, None].requires_grad_(True)
    opt = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=8, line_search_fn="strong_wolfe")

    def closure():
        opt.zero_grad()
        u = model(t)
        (du,) = torch.autograd.grad(u.sum(), t, create_graph=True)
        loss = (du + u).pow(2).mean() + (model(torch.zeros(1, 1)) - 1).pow(2).mean()
        loss.backward()
        return loss

    for step in range(8):
        loss = opt.step(closure)
        print(step, f"{loss.item():.2e}")
