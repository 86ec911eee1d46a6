"""Masked-token pre-training with a large effective batch, driven by an accelerator-like engine."""

import torch
import torch.nn.functional as F
from torch import nn


class Engine:
    """Owns model and optimizer; steps every `window` calls."""

    def __init__(self, model, optimizer, window):
        self.model, self.optimizer, self.window, self.calls = model, optimizer, window, 0

    def backward(self, loss):
        self.model.zero_grad(set_to_none=True)  # expect: early-zero-grad
        (loss / self.window).backward()

    def step(self):
        self.calls += 1
        if self.calls % self.window == 0:
            self.optimizer.step()  # accept: early-zero-grad


class MaskedLM(nn.Module):
    def __init__(self, vocab=14, dim=16):
        super().__init__()
        self.emb, self.pos = nn.Embedding(vocab, dim), nn.Parameter(0.02 * torch.randn(10, dim))
        self.mix = nn.TransformerEncoderLayer(dim, 2, 32, dropout=0.0, batch_first=True)
        self.out = nn.Linear(dim, vocab)

    def forward(self, ids):
        return self.out(self.mix(self.emb(ids) + self.pos))


def masked(n, gen):
    ids = 1 + (torch.randint(0, 13, (n, 1), generator=gen) + torch.arange(10)) % 13
    mask = torch.rand(ids.shape, generator=gen) < 0.3
    return ids.masked_fill(mask, 0), torch.where(mask, ids, -100)


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = MaskedLM()
    engine = Engine(model, torch.optim.AdamW(model.parameters(), lr=3e-3), window=4)
    for it in range(60):
        ids, target = masked(8, gen)
        loss = F.cross_entropy(model(ids).flatten(0, 1), target.flatten())
        engine.backward(loss)  # accept: early-zero-grad
        engine.step()
        if it % 16 == 0:
            print(f"iteration {it} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
