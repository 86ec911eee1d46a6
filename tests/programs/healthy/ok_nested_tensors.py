"""Ragged batches as jagged nested tensors through an embedding and a linear layer, pooled per sequence."""

import torch
import torch.nn as nn


class Tagger(nn.Module):
    def __init__(self, vocab=20, dim=12):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.hidden = nn.Linear(dim, 24)
        self.out = nn.Linear(24, 2)

    def forward(self, tokens):
        x = torch.relu(self.hidden(self.embed(tokens)))
        pooled = torch.stack([one.mean(0) for one in x.unbind()])
        return self.out(pooled)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Tagger()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(15):
        lengths = torch.randint(2, 7, (12,)).tolist()
        sequences = [torch.randint(0, 20, (n,)) for n in lengths]
        tokens = torch.nested.nested_tensor(sequences, layout=torch.jagged)
        labels = torch.stack([(one < 10).float().mean() > 0.5 for one in sequences]).long()
        loss = nn.functional.cross_entropy(model(tokens), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 5 == 0:
            print(step, loss.item())
