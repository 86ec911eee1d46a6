"""Convolution biases before BatchNorm get (nearly) no gradient, the padding row none."""

import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(15, 8, padding_idx=0)
        self.conv, self.norm = nn.Conv1d(8, 16, 3, padding=1), nn.BatchNorm1d(16)
        self.query, self.key = nn.Linear(16, 16), nn.Linear(16, 16)
        self.out = nn.Linear(16, 3)

    def forward(self, tokens):
        h = torch.relu(self.norm(self.conv(self.emb(tokens).transpose(1, 2)))).transpose(1, 2)
        att = (self.query(h) @ self.key(h).transpose(1, 2) / 4).softmax(-1)
        return self.out((att @ h).mean(1))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Net()
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(40):
        y = torch.randint(0, 3, (32, 1))
        tokens = (1 + 4 * y + torch.randint(0, 5, (32, 8))).masked_fill(torch.rand(32, 8) < 0.2, 0)
        loss = nn.functional.cross_entropy(model(tokens), y[:, 0])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 0:
            print(step, round(loss.item(), 3))
