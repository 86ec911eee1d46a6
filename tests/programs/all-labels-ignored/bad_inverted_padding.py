"""Causal language model on padded sequences; padding is to be left out of the loss."""

import torch
import torch.nn as nn
import torch.nn.functional as F

PAD = 0


class GRULM(nn.Module):
    def __init__(self, vocab=20, dim=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim, padding_idx=PAD)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab)

    def forward(self, ids):
        return self.out(self.rnn(self.emb(ids))[0])


def collate(rows):
    ids = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD)
    mask = ids.ne(PAD)
    labels = ids.clone()
    labels[labels == PAD] = -100
    return ids, labels.masked_fill(mask, -100)  # expect: all-labels-ignored


def corpus(n):
    for _ in range(n):
        start, length = torch.randint(1, 20, (1,)), int(torch.randint(4, 10, ()))
        yield (start + 2 * torch.arange(length) - 1) % 19 + 1


def main():
    torch.manual_seed(0)
    model = GRULM()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(30):
        ids, labels = collate(list(corpus(16)))
        logits = model(ids[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())  # accept: all-labels-ignored
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
