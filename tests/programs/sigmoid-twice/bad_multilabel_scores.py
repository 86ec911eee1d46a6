"""Multi-label tagging of sensor windows with class imbalance."""

import torch
import torch.nn as nn


class WindowTagger(nn.Module):
    def __init__(self, channels=4, labels=5, hidden=24):
        super().__init__()
        self.rnn = nn.LSTM(channels, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, labels)

    def scores(self, x):
        out, _ = self.rnn(x)
        return self.fc(out.mean(1)).sigmoid()  # expect: sigmoid-twice

    def forward(self, x, labels=None):
        scores = self.scores(x)  # accept: sigmoid-twice
        if labels is None:
            return scores > 0.5
        weight = (labels == 0).sum(0) / (labels == 1).sum(0).clamp(min=1)
        loss = nn.BCEWithLogitsLoss(pos_weight=weight)(scores, labels)  # accept: sigmoid-twice
        return loss, scores


def windows(n, proto):
    y = (torch.rand(n, 5) < 0.25).float()
    x = torch.einsum("nl,lc->nc", y, proto)[:, None] + 0.5 * torch.randn(n, 8, 4)
    return x, y


def main():
    torch.manual_seed(0)
    proto = torch.randn(5, 4)
    model = WindowTagger()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(40):
        x, y = windows(32, proto)
        loss, scores = model(x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            exact = ((scores > 0.5) == y.bool()).float().mean().item()
            print(f"step {step} loss {loss.item():.4f} bit accuracy {exact:.2f}")


if __name__ == "__main__":
    main()
