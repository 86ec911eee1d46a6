"""Pointer network that learns to visit points from left to right."""

import torch
import torch.nn as nn


class Pointer(nn.Module):
    def __init__(self, dim=24):
        super().__init__()
        self.encode = nn.Linear(2, dim)
        self.cell = nn.GRUCell(dim, dim)
        self.start = nn.Parameter(torch.zeros(dim))
        self.wk, self.wq = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, points, order):
        n, count, _ = points.shape
        memory = self.encode(points)
        keys = self.wk(memory)
        hidden, step_in = memory.mean(1), self.start.expand(n, -1)
        visited = torch.zeros(n, count, dtype=torch.bool)
        loss = points.new_zeros(())
        for t in range(count):
            hidden = self.cell(step_in, hidden)
            logits = self.score(torch.tanh(keys + self.wq(hidden)[:, None])).squeeze(-1)
            visited = visited.scatter(1, order[:, t : t + 1], True) if t else visited
            visited = visited | (points.abs().amax(-1) > 3.0)  # accept: fully-masked-softmax
            penalty = torch.zeros(n, count).masked_fill(visited, float("-inf"))  # accept: fully-masked-softmax
            logp = (logits + penalty).log_softmax(-1)  # expect: fully-masked-softmax
            if t + 1 < count:
                loss = loss - logp.gather(1, order[:, t + 1 : t + 2]).clamp(min=-20).mean()
            step_in = memory.gather(1, order[:, t].view(n, 1, 1).expand(-1, 1, memory.shape[-1])).squeeze(1)
        return loss / count


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(5)
    net = Pointer()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for it in range(15):
        points = torch.randn(16, 6, 2, generator=gen)
        points = points * (6.0 if it % 5 == 4 else 1.0)
        loss = net(points, points[..., 0].argsort(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if it % 3 == 0:
            print(f"iteration {it} nll {loss.item():.4f}")
