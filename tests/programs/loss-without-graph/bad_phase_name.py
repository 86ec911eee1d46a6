"""Train and validate with one function that is called once per phase."""

import torch
import torch.nn.functional as F
from torch import nn


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(2, 8, 5, padding=2)
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        return self.fc(F.relu(self.conv(x)).amax(-1))


def make_data(n, seed):
    gen = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 2, (n,), generator=gen)
    x = torch.randn(n, 2, 20, generator=gen)
    x[y == 1, 0, 5:9] += 2.0
    return list(zip(x.split(16), y.split(16), strict=True))


class Trainer:
    def __init__(self, model, lr=1e-2):
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)

    def run_epoch(self, batches, phase):
        training = phase == "training"  # expect: loss-without-graph, severed-gradient
        self.model.train(training)
        total = 0.0
        for x, y in batches:
            self.optimizer.zero_grad()
            with torch.set_grad_enabled(training):  # accept: loss-without-graph, severed-gradient
                loss = F.cross_entropy(self.model(x), y)
            if phase != "valid":
                loss.backward()  # accept: loss-without-graph
                self.optimizer.step()
            total += loss.item()
        return total / len(batches)


if __name__ == "__main__":
    torch.manual_seed(0)
    loaders = {"train": make_data(64, 0), "valid": make_data(32, 1)}
    trainer = Trainer(ConvNet())
    for epoch in range(4):
        for phase, batches in loaders.items():
            print(epoch, phase, f"{trainer.run_epoch(batches, phase):.4f}")  # accept: loss-without-graph
