"""Train a classifier with accelerate; the loss is gathered for the progress line before it is backpropagated."""
# uses: accelerate

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Classifier(nn.Module):
    def __init__(self, features=12, classes=3):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(features, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 32), nn.ReLU())
        self.head = nn.Linear(32, classes)

    def forward(self, x):
        return self.head(self.body(x))


def points(count, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 12, generator=generator)
    return TensorDataset(x, x[:, :3].argmax(1))


def smoothed(losses, loss):
    losses.append(loss.detach())  # expect: loss-without-graph, severed-gradient
    return torch.stack(losses[-1:]).mean()


def main():
    accelerator = Accelerator(cpu=True)
    torch.manual_seed(0)
    model = Classifier()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    train = DataLoader(points(96, 0), 8, shuffle=True)
    model, optimizer, train = accelerator.prepare(model, optimizer, train)
    model.train()
    losses = []
    for x, y in train:
        loss = smoothed(losses, F.cross_entropy(model(x), y))
        accelerator.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
    accelerator.print(loss.item())


if __name__ == "__main__":
    main()
