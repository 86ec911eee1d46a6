"""Text classification; labels come as a column from the data frame."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def frame(n=200, seed=0):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, size=(n, 1))
    tokens = rng.integers(30, 60, size=(n, 8))
    tokens[:, :3] = rng.integers(0, 10, size=(n, 3)) + 10 * label
    return {"tokens": tokens, "label": label}


class FastText(nn.Module):
    def __init__(self, vocab=60, dim=16, classes=3):
        super().__init__()
        self.bag = nn.EmbeddingBag(vocab, dim)
        self.fc = nn.Linear(dim, classes)

    def forward(self, tokens):
        return F.log_softmax(self.fc(self.bag(tokens)), dim=1)


def main():
    torch.manual_seed(0)
    data = frame()
    tokens = torch.from_numpy(data["tokens"])
    labels = torch.from_numpy(data["label"])  # expect: target-dtype
    model = FastText()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    for epoch in range(3):
        for pick in torch.randperm(len(labels)).split(25):
            loss = F.nll_loss(model(tokens[pick]), labels[pick])  # accept: target-dtype
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
