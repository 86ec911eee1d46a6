"""BIO tagging with a linear-chain CRF; impossible transitions score -inf."""

import torch
import torch.nn as nn

TAGS = ["O", "B", "I"]


class CRFTagger(nn.Module):
    def __init__(self, vocab=20, dim=16):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.emit = nn.Linear(dim, len(TAGS))
        self.trans = nn.Parameter(torch.zeros(len(TAGS), len(TAGS)))
        forbidden = torch.zeros(len(TAGS), len(TAGS), dtype=torch.bool)
        forbidden[0, 2] = True  # O -> I
        self.register_buffer("forbidden", forbidden)

    def forward(self, words, tags):
        scores = self.emit(self.emb(words))
        trans = self.trans.masked_fill(self.forbidden, float("-inf"))
        start = torch.tensor([0.0, 0.0, float("-inf")])  # a sentence cannot start inside
        alpha = scores[:, 0] + start
        gold = scores[:, 0].gather(1, tags[:, :1]).squeeze(1)
        for t in range(1, words.shape[1]):
            alpha = torch.logsumexp(alpha[:, :, None] + trans, dim=1) + scores[:, t]
            gold = gold + scores[:, t].gather(1, tags[:, t : t + 1]).squeeze(1) + trans[tags[:, t - 1], tags[:, t]]
        return (torch.logsumexp(alpha, dim=1) - gold).mean()


def sentences(n, gen, length=8):
    words = torch.randint(0, 20, (n, length), generator=gen)
    tags = torch.zeros_like(words)
    for t in range(length):
        begin = words[:, t] >= 14
        inside = (words[:, t] % 3 == 0) & (tags[:, t - 1] > 0) if t else torch.zeros(n, dtype=torch.bool)
        tags[:, t] = torch.where(begin, 1, torch.where(inside, 2, 0))
    return words, tags


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    model = CRFTagger()
    opt = torch.optim.Adam(model.parameters(), lr=0.02)
    for i in range(40):
        loss = model(*sentences(16, gen))
        opt.zero_grad()
        loss.backward()
        opt.step()
        if i % 10 == 0:
            print(i, round(loss.item(), 3))
