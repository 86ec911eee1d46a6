"""scikit-learn-like wrapper around a GRU intent classifier."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class IntentRNN(nn.Module):
    def __init__(self, vocab, classes, dim=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, classes)

    def forward(self, ids):
        _, h = self.rnn(self.emb(ids))
        return self.out(h[-1])


class IntentClassifier:
    def __init__(self, vocab=50, classes=5, lr=1e-2):
        self.net = IntentRNN(vocab, classes)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=lr)

    def predict_proba(self, ids):
        return self.net(ids).softmax(dim=-1)  # accept: double-softmax

    def partial_fit(self, ids, y):
        probs = self.predict_proba(ids)  # expect: double-softmax
        loss = F.cross_entropy(probs, y)  # accept: double-softmax
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def score(self, ids, y):
        with torch.no_grad():
            return (self.predict_proba(ids).argmax(-1) == y).float().mean().item()


def utterances(n):
    y = torch.randint(0, 5, (n,))
    ids = torch.randint(25, 50, (n, 7))
    ids[:, 2:4] = torch.randint(0, 5, (n, 2)) + 5 * y[:, None]
    return ids, y


def main():
    torch.manual_seed(0)
    clf = IntentClassifier()
    for step in range(50):
        loss = clf.partial_fit(*utterances(32))
        if step % 10 == 0:
            print(f"step {step} loss {loss:.4f} accuracy {clf.score(*utterances(64)):.2f}")


if __name__ == "__main__":
    main()
