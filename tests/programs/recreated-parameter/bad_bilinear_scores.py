"""Knowledge-graph link prediction with a bilinear decoder over learned entity vectors."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class BilinearDecoder(nn.Module):
    """Scores all pairs of heads and tails under one relation matrix for each relation."""

    def __init__(self, dim, relations):
        super().__init__()
        self.dim, self.relations = dim, relations
        self.bias = nn.Parameter(torch.zeros(relations))

    def relation_matrices(self):
        weight = nn.Parameter(torch.empty(self.relations, self.dim, self.dim))  # expect: recreated-parameter
        nn.init.normal_(weight, std=1 / math.sqrt(self.dim))
        return weight

    def forward(self, entities, head, rel):
        mats = self.relation_matrices()[rel]  # accept: recreated-parameter
        query = torch.einsum("bd,bde->be", entities[head], mats)
        return query @ entities.T + self.bias[rel][:, None]


class KG(nn.Module):
    def __init__(self, entities=20, relations=3, dim=12):
        super().__init__()
        self.entity = nn.Embedding(entities, dim)
        self.decoder = BilinearDecoder(dim, relations)

    def forward(self, head, rel):
        return self.decoder(self.entity.weight, head, rel)


def main():
    torch.manual_seed(4)
    model = KG()
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.1)
    for step in range(40):
        head, rel = torch.randint(0, 20, (64,)), torch.randint(0, 3, (64,))
        tail = (head + 3 * rel + 1) % 20
        loss = F.cross_entropy(model(head, rel), tail)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
