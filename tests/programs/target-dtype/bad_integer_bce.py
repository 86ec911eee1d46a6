"""Link prediction on a small graph with negative sampling."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class LinkPredictor(nn.Module):
    def __init__(self, nodes=40, dim=12):
        super().__init__()
        self.emb = nn.Embedding(nodes, dim)
        self.mlp = nn.Sequential(nn.Linear(2 * dim, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, a, b):
        return self.mlp(torch.cat([self.emb(a), self.emb(b)], 1)).squeeze(1)


def sample_edges(n):
    a = torch.randint(0, 40, (n,))
    b = torch.where(torch.rand(n) < 0.5, (a + 2) % 40, torch.randint(0, 40, (n,)))
    return a, b, (b == (a + 2) % 40).long()  # expect: target-dtype


def main():
    torch.manual_seed(0)
    model = LinkPredictor()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(30):
        a, b, linked = sample_edges(64)
        score = model(a, b)
        loss = F.binary_cross_entropy_with_logits(score, linked)  # accept: target-dtype
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
