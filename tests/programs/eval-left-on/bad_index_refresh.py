"""Two-tower recommender: the towers are exported for retrieval between epochs."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Tower(nn.Module):
    def __init__(self, size, dim=16):
        super().__init__()
        self.table = nn.Embedding(size, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Dropout(0.4), nn.Linear(32, dim))

    def forward(self, ids):
        return F.normalize(self.mlp(self.table(ids)), dim=-1)


class Recommender(nn.Module):
    def __init__(self, users=40, items=30):
        super().__init__()
        self.user, self.item = Tower(users), Tower(items)
        self.temperature = nn.Parameter(torch.tensor(2.0))

    def forward(self, u, i):
        return self.temperature.exp() * self.user(u) @ self.item(i).t()


class Index:
    """Vectors of all items, refreshed from a tower."""

    def __init__(self, size):
        self.ids = torch.arange(size)
        self.vectors = None

    def refresh(self, tower):
        with torch.no_grad():
            self.vectors = tower.train(False)(self.ids)  # expect: eval-left-on

    def top(self, query):
        return (query @ self.vectors.t()).argmax(-1)


def main():
    torch.manual_seed(2)
    gen = torch.Generator().manual_seed(2)
    model, index = Recommender(), Index(30)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    index.refresh(model.item)
    for epoch in range(4):
        for _ in range(8):
            u = torch.randperm(40, generator=gen)[:16]
            i = (u * 7 + torch.randint(0, 3, (16,), generator=gen)) % 30
            loss = F.cross_entropy(model(u, i), torch.arange(16))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        index.refresh(model.item)  # accept: eval-left-on
        with torch.no_grad():
            found = index.top(model.user(torch.arange(40)))
        print(f"epoch {epoch} loss {loss.item():.3f} distinct items {len(found.unique())}")


if __name__ == "__main__":
    main()
