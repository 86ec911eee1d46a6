"""A big batch is cut into chunks to fit the memory; each chunk is run forward and backward by itself."""

import torch
import torch.nn.functional as F
from torch import nn


class Ranker(nn.Module):
    def __init__(self, dim=10):
        super().__init__()
        self.query = nn.Sequential(nn.Linear(dim, 24), nn.Tanh(), nn.Linear(24, 8))
        self.doc = nn.Sequential(nn.Linear(dim, 24), nn.Tanh(), nn.Linear(24, 8))

    def forward(self, q, d):
        return (self.query(q) * self.doc(d)).sum(-1)


class ChunkedStep:
    def __init__(self, model, chunks, lr):
        self.model, self.chunks = model, chunks
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, nesterov=True, momentum=0.8)

    def __call__(self, q, d, label):
        self.optimizer.zero_grad(set_to_none=True)
        total = 0.0
        for qc, dc, lc in zip(q.chunk(self.chunks), d.chunk(self.chunks), label.chunk(self.chunks)):
            total += self.micro(qc, dc, lc)
        self.optimizer.step()  # accept: unscaled-accumulation
        return total / self.chunks

    def micro(self, q, d, label):
        loss = F.binary_cross_entropy_with_logits(self.model(q, d), label)  # accept: unscaled-accumulation
        loss.backward()  # expect: unscaled-accumulation
        return loss.item()


def main():
    torch.manual_seed(0)
    step = ChunkedStep(Ranker(), chunks=8, lr=0.02)
    for it in range(25):
        q = torch.randn(64, 10)
        label = torch.randint(0, 2, (64,)).float()
        d = torch.where(label[:, None] > 0, q, -q) + torch.randn(64, 10)
        loss = step(q, d, label)
        if it % 6 == 0:
            print(f"it {it} loss {loss:.3f}")


if __name__ == "__main__":
    main()
