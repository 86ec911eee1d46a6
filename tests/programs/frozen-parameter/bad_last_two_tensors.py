"""Probe a pretrained text encoder with a two-layer head; everything but the head is frozen."""

import torch
import torch.nn.functional as F
from torch import nn


class TextEncoder(nn.Module):
    def __init__(self, vocab=50, dim=16):
        super().__init__()
        self.embed = nn.EmbeddingBag(vocab, dim)
        self.dense = nn.Linear(dim, dim)

    def forward(self, tokens):
        return torch.tanh(self.dense(self.embed(tokens)))


class Classifier(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))

    def forward(self, tokens):
        return self.head(self.encoder(tokens))


def load_pretrained():
    torch.manual_seed(5)
    state = TextEncoder().state_dict()
    encoder = TextEncoder()
    encoder.load_state_dict(state)
    return encoder


def freeze_all_but_head(model):
    for parameter in list(model.parameters())[:-2]:  # accept: frozen-parameter
        parameter.requires_grad = False  # expect: frozen-parameter


def main():
    model = Classifier(load_pretrained())
    freeze_all_but_head(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)  # accept: frozen-parameter
    gen = torch.Generator().manual_seed(0)
    for step in range(40):
        tokens = torch.randint(0, 50, (32, 6), generator=gen)
        labels = tokens.max(1).values * 4 // 50
        loss = F.cross_entropy(model(tokens), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
