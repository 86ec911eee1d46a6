"""Online RNN on an endless signal, with plain SGD written out as in the character-level tutorials."""

import itertools

import torch
from torch import nn


class SignalRNN(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.i2h = nn.Linear(1 + hidden, hidden)
        self.h2o = nn.Linear(hidden, 1)

    def forward(self, x, hidden):
        hidden = torch.tanh(self.i2h(torch.cat([x, hidden], dim=1)))
        return self.h2o(hidden), hidden


class OnlineLearner:
    def __init__(self, lr=0.02, window=5):
        self.rnn, self.lr, self.window = SignalRNN(), lr, window
        self.hidden = torch.zeros(1, 16)

    def learn(self, signal):
        loss = 0.0
        for now, following in itertools.pairwise(signal):
            output, self.hidden = self.rnn(now.view(1, 1), self.hidden)  # accept: growing-graph
            loss = loss + (output - following).pow(2).mean() / self.window
        self.rnn.zero_grad()
        loss.backward(retain_graph=True)  # expect: growing-graph
        for p in self.rnn.parameters():
            p.data.add_(p.grad.clamp(-1, 1), alpha=-self.lr)
        return loss.item()


def main(rounds=40):
    torch.manual_seed(0)
    learner = OnlineLearner()
    signal = torch.sin(0.4 * torch.arange(rounds * learner.window + 1.0))
    for i in range(rounds):
        part = signal[i * learner.window : (i + 1) * learner.window + 1]
        loss = learner.learn(part)
        if i % 10 == 9:
            print(f"round {i + 1} loss {loss:.4f}")


if __name__ == "__main__":
    main()
