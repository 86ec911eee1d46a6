"""The word-language-model example's repackage_hidden: a new tuple of detached tensors is returned and used."""

import torch
import torch.nn.functional as F
from torch import nn


def repackage_hidden(h):
    if isinstance(h, torch.Tensor):
        return h.detach()
    return tuple(repackage_hidden(v) for v in h)


def main():
    torch.manual_seed(0)
    embed, lstm, out = nn.Embedding(12, 24), nn.LSTM(24, 24, num_layers=2), nn.Linear(24, 12)
    parameters = [*embed.parameters(), *lstm.parameters(), *out.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=1e-2)
    stream = (torch.arange(801) * 7) % 12
    data = stream[:800].view(4, 200).t()
    hidden = None
    for index in range(0, 190, 5):
        if hidden is not None:
            hidden = repackage_hidden(hidden)
        x, y = data[index : index + 5], data[index + 1 : index + 6]
        output, hidden = lstm(embed(x), hidden)
        loss = F.cross_entropy(out(output).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 0.5)
        optimizer.step()
        if index % 50 == 45:
            print(f"token {index + 5} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
