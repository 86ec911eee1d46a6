"""Train a classifier with accelerate; a second head for a new task is added once training is prepared."""
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


def main():
    accelerator = Accelerator(cpu=True)
    torch.manual_seed(0)
    model = Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    train = DataLoader(points(96, 0), 8, shuffle=True)
    model, optimizer, train = accelerator.prepare(model, optimizer, train)
    model.head = nn.Linear(32, 4)  # expect: stale-parameter, parameter-not-optimized
    model.train()
    for x, y in train:
        loss = F.cross_entropy(model(x), y)
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    accelerator.print(loss.item())


if __name__ == "__main__":
    main()
