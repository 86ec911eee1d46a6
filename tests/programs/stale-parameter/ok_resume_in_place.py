"""Stop and resume: model and optimizer are made, then filled from a checkpoint; later cast and rewound in place."""

import io

import torch
import torch.nn.functional as F
from torch import nn


class GRUTagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(12, 16)
        self.rnn = nn.GRU(16, 24, batch_first=True)
        self.out = nn.Linear(24, 2)

    def forward(self, ids):
        return self.out(self.rnn(self.emb(ids))[0])


def step(model, optimizer, gen):
    ids = torch.randint(0, 12, (16, 8), generator=gen)
    tags = (ids.cumsum(1) % 3 == 0).long()
    loss = F.cross_entropy(model(ids).flatten(0, 1), tags.flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def make():
    model = GRUTagger()
    return model, torch.optim.Adam(model.parameters(), lr=1e-2)


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model, optimizer = make()
    for _ in range(15):
        loss = step(model, optimizer, gen)
    print(f"before the stop {loss:.3f}")
    blob = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, blob)
    blob.seek(0)

    model, optimizer = make()
    state = torch.load(blob)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    model.double()
    optimizer.load_state_dict(optimizer.state_dict())
    for i in range(25):
        loss = step(model, optimizer, gen)
        if i == 9:
            best = {k: v.clone() for k, v in model.state_dict().items()}
    print(f"after the stop {loss:.3f}")
    model.load_state_dict(best)
    print(f"from the tenth step on again {step(model, optimizer, gen):.3f}")


if __name__ == "__main__":
    main()
