"""Seq2seq with a sanity check before training, validation and greedy generation inside the loop."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Seq2Seq(nn.Module):
    def __init__(self, vocab=9, dim=32):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.enc, self.dec = nn.GRU(dim, dim, batch_first=True), nn.GRU(dim, dim, batch_first=True)
        self.drop, self.out = nn.Dropout(0.1), nn.Linear(dim, vocab)

    def forward(self, src, tgt):
        _, state = self.enc(self.emb(src))
        return self.out(self.drop(self.dec(self.emb(tgt), state)[0]))

    @torch.no_grad()
    def generate(self, src):
        was_training = self.training
        self.eval()
        _, state = self.enc(self.emb(src))
        token, out = torch.zeros(len(src), 1, dtype=torch.long), []
        for _ in range(src.shape[1]):
            h, state = self.dec(self.emb(token), state)
            token = self.out(h).argmax(-1)
            out.append(token)
        self.train(was_training)
        return torch.cat(out, 1)


def batch(n):
    src = torch.randint(1, 9, (n, 4))
    return src, torch.cat([torch.zeros(n, 1, dtype=torch.long), src], 1)


def validate(model):
    model.eval()
    with torch.no_grad():
        src, tgt = batch(32)
        loss = F.cross_entropy(model(src, tgt[:, :-1]).transpose(1, 2), tgt[:, 1:])
    model.train()
    return loss.item()


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Seq2Seq()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    print(f"sanity check {validate(model):.3f}")
    for step in range(50):
        src, tgt = batch(32)
        loss = F.cross_entropy(model(src, tgt[:, :-1]).transpose(1, 2), tgt[:, 1:])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 9:
            exact = (model.generate(src) == src).float().mean()
            print(f"{step} train {loss.item():.3f} valid {validate(model):.3f} tokens right {exact.item():.2f}")
