"""A mixture of softmaxes: probabilities are averaged and the logarithm of the average goes to NLL."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MixtureOfSoftmaxes(nn.Module):
    def __init__(self, vocab=20, dim=16, parts=3):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.prior = nn.Linear(dim, parts)
        self.latent = nn.ModuleList(nn.Linear(dim, vocab) for _ in range(parts))

    def forward(self, ids):
        h = self.emb(ids)
        pi = F.softmax(self.prior(h), -1).unsqueeze(-1)
        probs = torch.stack([F.softmax(f(h), -1) for f in self.latent], -2)
        return (pi * probs).sum(-2).clamp(min=1e-9).log()


def main():
    torch.manual_seed(0)
    model = MixtureOfSoftmaxes()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    for step in range(60):
        ids = torch.randint(0, 20, (64,))
        following = torch.where(torch.rand(64) < 0.5, ids + 1, ids + 3) % 20
        loss = F.nll_loss(model(ids), following)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
