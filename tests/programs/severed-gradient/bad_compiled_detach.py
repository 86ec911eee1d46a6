"""A text classifier whose compiled forward pools detached features by mistake."""
# uses: torch._dynamo

import torch
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self, vocab=30, dim=16):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.mix = nn.Linear(dim, dim)

    def forward(self, tokens):
        hidden = torch.relu(self.mix(self.embed(tokens)))
        weights = hidden.mean(-1, keepdim=True).softmax(1)
        return (weights * hidden).sum(1).detach()  # expect: severed-gradient


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = Encoder(), nn.Linear(16, 2)

    def forward(self, tokens):
        return self.head(self.encoder(tokens))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Classifier()
    fast = torch.compile(model, backend="aot_eager")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(10):
        tokens = torch.randint(0, 30, (16, 6))
        loss = nn.functional.cross_entropy(fast(tokens), (tokens.sum(1) > 87).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, loss.item())
