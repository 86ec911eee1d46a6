"""Graph attention on a citation-like graph given as a dense adjacency."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class GATLayer(nn.Module):
    def __init__(self, dim_in, dim_out):
        super().__init__()
        self.lin = nn.Linear(dim_in, dim_out, bias=False)
        self.src = nn.Linear(dim_out, 1, bias=False)
        self.dst = nn.Linear(dim_out, 1, bias=False)

    def forward(self, h, adj):
        z = self.lin(h)
        e = F.leaky_relu(self.src(z) + self.dst(z).t(), 0.2)
        e = e.masked_fill(adj == 0, float("-inf"))  # accept: fully-masked-softmax
        return torch.softmax(e, dim=1) @ z  # expect: fully-masked-softmax


class GAT(nn.Module):
    def __init__(self, dim, classes):
        super().__init__()
        self.first = GATLayer(dim, 16)
        self.second = GATLayer(16, classes)

    def forward(self, x, adj):
        return self.second(F.elu(self.first(x, adj)), adj)


def graph(nodes=40, classes=3, seed=12):
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, classes, (nodes,), generator=g)
    prob = torch.where(y[:, None] == y[None], 0.12, 0.01)
    upper = (torch.rand(nodes, nodes, generator=g) < prob).float().triu(1)
    x = F.one_hot(y, 6).float() + 0.8 * torch.randn(nodes, 6, generator=g)
    return x, upper + upper.t(), y  # accept: fully-masked-softmax


if __name__ == "__main__":
    torch.manual_seed(0)
    x, adj, y = graph()
    train = torch.arange(len(y)) % 3 != 0
    model = GAT(6, 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
    for epoch in range(20):
        logits = model(x, adj)
        loss = F.cross_entropy(logits[train], y[train])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if epoch % 5 == 0:
            print(f"epoch {epoch:02d} loss {loss.item():.4f}")
