"""Sentence classification; the vocabulary is built from the corpus in fit() and word vectors are put in then."""

import torch
import torch.nn.functional as F
from torch import nn

WORDS = "good great fine happy bad awful poor sad the a movie plot actor was is very so".split()


class BagOfWords(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.embedding = nn.EmbeddingBag(1, dim)
        self.fc = nn.Sequential(nn.Linear(dim, 16), nn.Tanh(), nn.Linear(16, 2))

    def forward(self, ids):
        return self.fc(self.embedding(ids))


class Classifier:
    def __init__(self, lr=1e-2):
        self.net = BagOfWords()
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=lr)  # accept: stale-parameter
        self.vocab = {}

    def build_vocab(self, texts):
        for text in texts:
            for word in text:
                self.vocab.setdefault(word, len(self.vocab))
        vectors = 0.3 * torch.randn(len(self.vocab), 16)
        self.net.embedding = nn.EmbeddingBag.from_pretrained(vectors, freeze=False)  # expect: stale-parameter

    def fit(self, texts, labels, epochs=4):
        self.build_vocab(texts)  # accept: stale-parameter
        ids = torch.tensor([[self.vocab[w] for w in t] for t in texts])
        labels = torch.tensor(labels)
        for epoch in range(epochs):
            for rows in torch.randperm(len(ids)).split(16):
                self.optimizer.zero_grad()
                loss = F.cross_entropy(self.net(ids[rows]), labels[rows])
                loss.backward()
                self.optimizer.step()
            print(f"epoch {epoch} loss {loss.item():.3f}")


def corpus(n):
    draws = torch.randint(0, len(WORDS), (n, 6)).tolist()
    texts = [[WORDS[i] for i in row] for row in draws]
    return texts, [int(sum(i < 4 for i in row) >= sum(4 <= i < 8 for i in row)) for row in draws]


if __name__ == "__main__":
    torch.manual_seed(0)
    Classifier().fit(*corpus(128))
