"""Sequence autoencoder with a progress line that shows exponentially smoothed values."""

import torch
import torch.nn.functional as F
from torch import nn


class Progress:
    def __init__(self, smoothing=0.95):
        self.smoothing, self.state = smoothing, {}

    def update(self, **values):
        for name, value in values.items():
            previous = self.state.get(name, value)
            self.state[name] = self.smoothing * previous + (1 - self.smoothing) * value  # expect: growing-graph

    def __str__(self):
        return " ".join(f"{name} {value.item():.4f}" for name, value in self.state.items())


class Autoencoder(nn.Module):
    def __init__(self, vocab=15, dim=16):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.encoder = nn.GRU(dim, dim, batch_first=True)
        self.decoder = nn.GRU(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab)

    def forward(self, tokens):
        _, code = self.encoder(self.embed(tokens))
        states, _ = self.decoder(code.transpose(0, 1).expand(-1, tokens.size(1), -1).contiguous())
        return self.out(states), code


def main():
    torch.manual_seed(0)
    model, progress = Autoencoder(), Progress()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(40):
        tokens = (torch.randint(0, 15, (32, 1)) + torch.arange(5)) % 15
        logits, code = model(tokens)
        recon = F.cross_entropy(logits.flatten(0, 1), tokens.flatten())
        penalty = code.pow(2).mean()
        loss = recon + 0.01 * penalty
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        progress.update(recon=recon, penalty=penalty)  # accept: growing-graph
        if step % 10 == 9:
            print(f"step {step + 1} {progress}")


if __name__ == "__main__":
    main()
