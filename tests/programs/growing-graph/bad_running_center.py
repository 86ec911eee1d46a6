"""Center loss for word vectors: words of a topic are drawn to a center that is a running mean."""

import torch
import torch.nn.functional as F
from torch import nn


class RunningCenters(nn.Module):
    def __init__(self, topics, dim, momentum=0.9):
        super().__init__()
        self.centers = [torch.zeros(dim) for _ in range(topics)]
        self.momentum = momentum

    def forward(self, vectors, topics):
        loss = vectors.new_zeros(())
        for topic in topics.unique().tolist():
            mine = vectors[topics == topic]
            center = self.momentum * self.centers[topic] + (1 - self.momentum) * mine.mean(0)  # accept: growing-graph
            self.centers[topic] = center  # expect: growing-graph
            loss = loss + (mine - center).pow(2).sum(1).mean()
        return loss / len(self.centers)


class WordModel(nn.Module):
    def __init__(self, vocab=60, dim=12, topics=4):
        super().__init__()
        self.table = nn.Embedding(vocab, dim)
        self.scale = nn.Parameter(torch.tensor(1.0))
        self.anchors = nn.Parameter(torch.randn(topics, dim))

    def forward(self, words):
        vectors = self.table(words)
        return vectors, -self.scale.exp() * (vectors[:, None] - self.anchors[None]).pow(2).mean(-1)


def main():
    torch.manual_seed(0)
    model, centers = WordModel(), RunningCenters(4, 12)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)
    for step in range(40):
        words = torch.randint(0, 60, (32,))
        topics = words // 15
        vectors, logits = model(words)
        loss = F.cross_entropy(logits, topics) + 0.1 * centers(vectors, topics)
        optimizer.zero_grad()
        loss.backward(retain_graph=True)  # accept: growing-graph
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
