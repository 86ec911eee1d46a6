"""Mixed-precision sentiment classifier: accumulation, unscale, clip, step."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Sentiment(nn.Module):
    def __init__(self, vocab=60, dim=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim, padding_idx=0)
        self.rnn = nn.LSTM(dim, 24, batch_first=True, bidirectional=True)
        self.out = nn.Linear(48, 2)

    def forward(self, ids):
        states, _ = self.rnn(self.emb(ids))
        return self.out(states.mean(1))


def make_batch(gen, n=16):
    y = torch.randint(0, 2, (n,), generator=gen)
    ids = torch.randint(21, 60, (n, 10), generator=gen)
    ids[:, :3] = torch.randint(1, 11, (n, 3), generator=gen) + 10 * y[:, None]
    return ids, y


def main(accumulate=2):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = Sentiment()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.8, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu")
    for i in range(60):
        ids, y = make_batch(gen)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(ids).float(), y)
        scaler.scale(loss / accumulate).backward()
        if (i + 1) % accumulate:
            continue
        scaler.unscale_(optimizer)
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        if i % 10 == 9:
            print(f"iter {i} loss {loss.item():.4f} norm {norm.item():.3f}")


if __name__ == "__main__":
    main()
