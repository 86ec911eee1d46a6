"""Character model with a linear decay of the learning rate over the epochs."""

import torch
import torch.nn.functional as F
from torch import nn


class CharRNN(nn.Module):
    def __init__(self, vocab=10, dim=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab)

    def forward(self, ids):
        return self.out(self.rnn(self.emb(ids))[0])


class LinearDecay:
    def __init__(self, total):
        self.total = total

    def __call__(self, epoch):
        return (self.total - epoch) // self.total  # expect: zero-learning-rate


def text(n, gen):
    start = torch.randint(0, 10, (n, 1), generator=gen)
    return (start + torch.arange(13) * (1 + start % 3)) % 10


def main(epochs=6):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = CharRNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, LinearDecay(epochs))  # accept: zero-learning-rate
    for epoch in range(epochs):
        for _ in range(6):
            ids = text(16, gen)
            loss = F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        print(f"epoch {epoch} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
