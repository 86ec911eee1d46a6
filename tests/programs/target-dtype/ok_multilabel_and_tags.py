"""Document model: multi-label topics with float targets, sequence tags with ignored positions."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class DocModel(nn.Module):
    def __init__(self, vocab=40, dim=24, tags=4, topics=3):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.tag = nn.Linear(dim, tags)
        self.topic = nn.Linear(dim, topics)

    def forward(self, ids):
        h, last = self.rnn(self.emb(ids))
        return self.tag(h), self.topic(h.mean(1))


def main():
    torch.manual_seed(0)
    model = DocModel()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(50):
        ids = torch.randint(0, 40, (16, 9))
        tags = ids // 10
        topics = torch.stack([(ids % 10 == k).any(1) for k in range(3)], 1)
        lengths = torch.randint(5, 10, (16, 1))
        tags = tags.masked_fill(torch.arange(9) >= lengths, -100)
        tag_logits, topic_logits = model(ids)
        loss = F.cross_entropy(tag_logits.transpose(1, 2), tags)
        loss = loss + F.binary_cross_entropy_with_logits(topic_logits, topics.to(topic_logits.dtype))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
