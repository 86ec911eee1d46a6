"""Knowledge tracing: each answer attends to the answers before it."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def past_mask(length):
    return torch.ones(length, length, dtype=torch.bool).tril(diagonal=-1)  # accept: fully-masked-softmax


class HistoryAttention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(dim, dim) for _ in range(3))
        self.drop = nn.Dropout(0.1)

    def forward(self, questions, answers):
        q, k, v = self.q(questions), self.k(questions), self.v(answers)
        logits = torch.einsum("btd,bsd->bts", q, k) / math.sqrt(q.shape[-1])
        logits = torch.where(past_mask(q.shape[1]), logits, -torch.inf)  # accept: fully-masked-softmax
        weights = F.softmax(logits, dim=-1)  # expect: fully-masked-softmax
        return torch.einsum("bts,bsd->btd", self.drop(weights), v)


class Tracer(nn.Module):
    def __init__(self, skills=8, dim=16):
        super().__init__()
        self.skill = nn.Embedding(skills, dim)
        self.answer = nn.Embedding(2 * skills, dim)
        self.attend = HistoryAttention(dim)
        self.out = nn.Linear(2 * dim, 1)

    def forward(self, skill, correct):
        question = self.skill(skill)
        history = self.attend(question, self.answer(skill * 2 + correct))
        return self.out(torch.cat([question, history], -1)).squeeze(-1)


def students(n, gen, length=12):
    skill = torch.randint(0, 8, (n, length), generator=gen)
    ability = torch.rand(n, 8, generator=gen)
    return skill, (torch.rand(n, length, generator=gen) < ability.gather(1, skill)).long()


def main():
    torch.manual_seed(2)
    gen = torch.Generator().manual_seed(2)
    model = Tracer()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(20):
        skill, correct = students(16, gen)
        logit = model(skill, correct)
        loss = F.binary_cross_entropy_with_logits(logit[:, 1:], correct[:, 1:].float())
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 5 == 0:
            print(step, f"{loss.item():.4f}")


if __name__ == "__main__":
    main()
