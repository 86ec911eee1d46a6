"""The last batch of an epoch is filled up with dummy rows whose labels are all ignored."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def fixed_batches(x, y, size):
    for at in range(0, len(x), size):
        xb, yb = x[at : at + size], y[at : at + size]
        missing = size - len(xb)
        yield F.pad(xb, (0, 0, 0, 0, 0, missing)), F.pad(yb, (0, 0, 0, missing), value=-100)


def main():
    torch.manual_seed(0)
    x = torch.randn(100, 7, 4)
    y = x.cumsum(1).argmax(-1)
    rnn, out = nn.GRU(4, 24, batch_first=True), nn.Linear(24, 4)
    optimizer = torch.optim.Adam([*rnn.parameters(), *out.parameters()], lr=1e-2)
    for epoch in range(8):
        for xb, yb in fixed_batches(x, y, 24):
            loss = F.cross_entropy(out(rnn(xb)[0]).flatten(0, 1), yb.flatten(), ignore_index=-100)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
