"""Item-to-item recommender; item vectors are kept inside the unit ball by the embedding itself."""

import torch
import torch.nn.functional as F
from torch import nn


class ItemModel(nn.Module):
    def __init__(self, items=40, dim=12):
        super().__init__()
        self.items = nn.Embedding(items, dim, max_norm=1.0)  # accept: in-place-write
        self.context = nn.Linear(dim, dim)

    def forward(self, basket, positive):
        query = self.context(self.items.weight[basket].mean(1))
        everything = query @ self.items.weight.t()
        chosen = (query * self.items(positive)).sum(-1)  # expect: in-place-write
        return (torch.logsumexp(everything, dim=1) - chosen).mean()


def baskets(n, gen):
    topic = torch.randint(0, 4, (n, 1), generator=gen) * 10
    picks = topic + torch.randint(0, 10, (n, 5), generator=gen)
    return picks[:, :4], picks[:, 4]


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = ItemModel()
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.1)
    for step in range(30):
        loss = model(*baskets(32, gen))
        optimizer.zero_grad()
        loss.backward()  # accept: in-place-write
        optimizer.step()
        print(f"step {step} loss {loss.item():.4f}")
    print("nearest to 0:", F.cosine_similarity(model.items.weight[:1], model.items.weight).topk(3).indices.tolist())


if __name__ == "__main__":
    main()
