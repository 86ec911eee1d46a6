"""Rating prediction with biases and latent factors."""

import torch
from torch import nn


class BiasedMF(nn.Module):
    def __init__(self, users, items, rank=8):
        super().__init__()
        self.user_factors = nn.Embedding(users, rank)
        self.item_factors = nn.Embedding(items, rank)
        self.user_bias = nn.Embedding(users, 1)
        self.item_bias = nn.Embedding(items, 1)
        self.mean = nn.Parameter(torch.tensor(3.0))
        for table in (self.user_factors, self.item_factors, self.user_bias, self.item_bias):
            nn.init.constant_(table.weight, 0)  # expect: zero-initialised-pair

    def forward(self, u, i):
        dot = (self.user_factors(u) * self.item_factors(i)).sum(-1)  # accept: zero-initialised-pair
        return self.mean + self.user_bias(u).squeeze(-1) + self.item_bias(i).squeeze(-1) + dot


def ratings(users=30, items=40, rank=3, n=1200):
    g = torch.Generator().manual_seed(17)
    p, q = torch.randn(users, rank, generator=g), torch.randn(items, rank, generator=g)
    u = torch.randint(0, users, (n,), generator=g)
    i = torch.randint(0, items, (n,), generator=g)
    return u, i, (3.2 + (p[u] * q[i]).sum(-1)).clamp(1, 5)


if __name__ == "__main__":
    torch.manual_seed(0)
    u, i, r = ratings()
    model = BiasedMF(30, 40)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for epoch in range(6):
        order = torch.randperm(len(r))
        for batch in order.split(128):
            loss = (model(u[batch], i[batch]) - r[batch]).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: mse {loss.item():.3f}")
