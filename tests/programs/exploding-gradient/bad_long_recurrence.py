"""Copy-memory with a ReLU recurrence started from a scaled orthogonal matrix."""

import torch
import torch.nn as nn


class IRNN(nn.Module):
    def __init__(self, n_in, hidden, n_out, gain=1.5):
        super().__init__()
        self.inp = nn.Linear(n_in, hidden)
        self.rec = nn.Linear(hidden, hidden, bias=False)
        nn.init.orthogonal_(self.rec.weight, gain=gain)  # accept: exploding-gradient
        self.out = nn.Linear(hidden, n_out)

    def forward(self, x):
        h = x.new_zeros(len(x), self.rec.in_features)
        for t in range(x.shape[1]):
            h = torch.relu(self.inp(x[:, t]) + self.rec(h))  # expect: exploding-gradient
        return self.out(h)


def adding_problem(n, length, gen):
    values = torch.rand(n, length, generator=gen)
    marks = torch.zeros(n, length)
    marks.scatter_(1, torch.randint(0, length, (n, 2), generator=gen), 1.0)
    return torch.stack([values, marks], -1), (values * marks).sum(1, keepdim=True)


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(20)
    model = IRNN(2, 24, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    for step in range(10):
        x, y = adding_problem(16, 80, gen)
        loss = (model(x) - y).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"step {step} mse {loss.item():.4g}")
