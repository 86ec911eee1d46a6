"""Supervised fine-tuning of a tiny transformer: only the answer is to be learned."""

import torch
import torch.nn as nn
import torch.nn.functional as F

IGNORE = -100


class Decoder(nn.Module):
    def __init__(self, vocab=24, dim=32, length=16):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocab, dim), nn.Embedding(length, dim)
        self.layer = nn.TransformerEncoderLayer(dim, 4, 64, dropout=0.0, batch_first=True)
        self.head = nn.Linear(dim, vocab)

    def forward(self, ids):
        n = ids.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(n)
        return self.head(self.layer(self.tok(ids) + self.pos(torch.arange(n)), src_mask=mask))


class Template:
    separator = 23

    def encode(self, prompt, answer=()):
        return [*prompt, self.separator, *answer]

    def example(self, prompt, answer):
        ids = self.encode(prompt, answer)
        prompt_length = len(self.encode(prompt, answer))  # accept: all-labels-ignored
        labels = [IGNORE] * prompt_length + ids[prompt_length:]  # expect: all-labels-ignored
        return ids, labels


def make_batch(template, n=16):
    rows = []
    for prompt in torch.randint(0, 20, (n, 5)).tolist():
        rows.append(template.example(prompt, prompt[::-1]))
    ids, labels = zip(*rows)
    return torch.tensor(ids), torch.tensor(labels)


def answer_loss(logits, labels):
    flat = labels[:, 1:].reshape(-1)
    scores = logits[:, :-1].flatten(0, 1)
    total = F.cross_entropy(scores, flat, reduction="sum")  # accept: all-labels-ignored
    return total / flat.ne(IGNORE).sum().clamp(min=1)


def main():
    torch.manual_seed(0)
    model, template = Decoder(), Template()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.0)
    for step in range(30):
        ids, labels = make_batch(template)
        loss = answer_loss(model(ids), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
