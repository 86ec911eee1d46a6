"""Token tagging on a pretrained encoder whose pooler is part of the checkpoint but is not needed for tags."""

import torch
import torch.nn.functional as F
from torch import nn


class Encoder(nn.Module):
    """BERT-like: sequence output and pooled output."""

    def __init__(self, vocab=40, dim=24):
        super().__init__()
        self.embeddings = nn.Embedding(vocab, dim)
        self.layer = nn.TransformerEncoderLayer(dim, 2, 48, dropout=0.0, batch_first=True)
        self.pooler = nn.Sequential(nn.Linear(dim, dim), nn.Tanh())

    def forward(self, tokens):
        sequence = self.layer(self.embeddings(tokens))
        return sequence, self.pooler(sequence[:, 0])


class Tagger(nn.Module):
    def __init__(self, encoder, tags=4):
        super().__init__()
        self.encoder = encoder
        self.classifier = nn.Linear(24, tags)

    def forward(self, tokens):
        sequence, _ = self.encoder(tokens)
        return self.classifier(sequence)


def checkpoint():
    torch.manual_seed(7)
    return {name: value.clone() for name, value in Encoder().state_dict().items()}


def main():
    weights = checkpoint()
    torch.manual_seed(0)
    encoder = Encoder()
    encoder.load_state_dict(weights)
    model = Tagger(encoder)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for step in range(30):
        tokens = torch.randint(0, 40, (16, 8))
        loss = F.cross_entropy(model(tokens).flatten(0, 1), (tokens // 10).flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
