"""Recall a context vector after a long distractor sequence with a plain recurrent network."""

import torch
import torch.nn as nn


class Recall(nn.Module):
    def __init__(self, context=4, noise=3, hidden=24):
        super().__init__()
        self.encode = nn.Linear(context, hidden)
        self.cell = nn.RNNCell(noise, hidden)
        self.decode = nn.Linear(hidden, context)
        nn.init.normal_(self.cell.weight_hh, std=0.08)  # accept: vanishing-gradient

    def forward(self, context, distractors):
        h = torch.tanh(self.encode(context))
        for x in distractors.unbind(1):
            h = self.cell(x, h)  # expect: vanishing-gradient
        return self.decode(h)


def episodes(n, length, gen):
    return torch.randn(n, 4, generator=gen), torch.randn(n, length, 3, generator=gen)


def main(steps=25, length=30):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(12)
    model = Recall()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for step in range(steps):
        context, distractors = episodes(16, length, gen)
        loss = nn.functional.mse_loss(model(context, distractors), context)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 6 == 0:
            print(f"step {step} recall error {loss.item():.4f}")


if __name__ == "__main__":
    main()
