"""Name-origin classifier with a character RNN, NLLLoss as in the tutorial."""

import torch
import torch.nn as nn


class CharRNN(nn.Module):
    def __init__(self, letters=26, hidden=32, classes=3):
        super().__init__()
        self.hidden = hidden
        self.i2h = nn.Linear(letters + hidden, hidden)
        self.h2o = nn.Linear(hidden, classes)
        self.softmax = nn.Softmax(dim=1)  # accept: probabilities-for-log-probabilities

    def forward(self, names):
        h = names.new_zeros(names.shape[0], self.hidden)
        for t in range(names.shape[1]):
            h = torch.tanh(self.i2h(torch.cat([names[:, t], h], 1)))
        return self.softmax(self.h2o(h))  # expect: probabilities-for-log-probabilities


def names(n, length=5):
    y = torch.randint(0, 3, (n,))
    letters = (torch.randint(0, 12, (n, length)) + 7 * y[:, None]) % 26
    return nn.functional.one_hot(letters, 26).float(), y


def main():
    torch.manual_seed(0)
    model, criterion = CharRNN(), nn.NLLLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(50):
        x, y = names(16)
        loss = criterion(model(x), y)  # accept: probabilities-for-log-probabilities
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
