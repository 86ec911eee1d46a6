"""The adding problem with a tanh recurrence of gain above one; the norm is clipped before every step."""

import torch
import torch.nn as nn


class Adder(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.RNN(2, hidden, batch_first=True)
        nn.init.orthogonal_(self.rnn.weight_hh_l0, gain=1.3)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(4)
    model = Adder()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(40):
        values = torch.rand(32, 40, generator=gen)
        marks = torch.zeros(32, 40).scatter_(1, torch.randint(0, 40, (32, 2), generator=gen), 1.0)
        loss = (model(torch.stack([values, marks], -1)).squeeze(1) - (values * marks).sum(1)).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        if step % 10 == 0:
            print(f"{step} loss {loss.item():.3f} norm {norm.item():.2f}")
