"""Metric learning with batch-hard triplets on euclidean distances."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Embedder(nn.Module):
    def __init__(self, dim=16, out=8):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(dim, 32), nn.ReLU(), nn.Linear(32, out))

    def forward(self, x):
        return self.net(x)


def pairwise_distance(emb):
    sq = emb.pow(2).sum(1)
    d2 = sq[:, None] + sq[None, :] - 2.0 * emb @ emb.t()
    d2 = d2 * (1.0 - torch.eye(len(emb)))
    return d2.clamp(min=0.0).sqrt()  # expect: non-finite-origin


def batch_hard(emb, labels, margin=0.5):
    dist = pairwise_distance(emb)
    same = labels[:, None] == labels[None, :]
    hardest_pos = (dist * same).max(1).values
    hardest_neg = (dist + 1e4 * same).min(1).values
    return F.relu(hardest_pos - hardest_neg + margin).mean()


def identities(gen, people=6, shots=4):
    centres = torch.randn(people, 16, generator=torch.Generator().manual_seed(3))
    labels = torch.arange(people).repeat_interleave(shots)
    return centres[labels] + 0.5 * torch.randn(len(labels), 16, generator=gen), labels


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    model = Embedder()
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for it in range(20):
        x, y = identities(gen)
        loss = batch_hard(model(x), y)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        if it % 5 == 0:
            print(f"iter {it}: triplet {loss.item():.4f}")
