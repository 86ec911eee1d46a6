"""Token-level language model: summed micro-batch losses, gradients divided by the token count before the step."""

import torch
import torch.nn.functional as F
from torch import nn


class LM(nn.Module):
    def __init__(self, vocab=12, dim=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.rnn = nn.LSTM(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab)

    def forward(self, ids):
        return self.out(self.rnn(self.emb(ids))[0])


def micro_batch(gen):
    length = int(torch.randint(6, 12, (1,), generator=gen))
    start = torch.randint(0, 12, (8, 1), generator=gen)
    return (start + 5 * torch.arange(length)) % 12


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = LM()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
    for step in range(20):
        total, tokens = 0.0, 0
        for _ in range(4):
            ids = micro_batch(gen)
            loss = F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten(), reduction="sum")
            loss.backward()
            total, tokens = total + loss.item(), tokens + ids[:, 1:].numel()
        for p in model.parameters():
            p.grad.div_(tokens)
        optimizer.step()
        optimizer.zero_grad()
        if step % 5 == 0:
            print(f"step {step} nats per token {total / tokens:.3f}")


if __name__ == "__main__":
    main()
