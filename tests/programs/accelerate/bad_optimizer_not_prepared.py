"""Train a classifier with accelerate, accumulating over four batches; only model and loader were prepared."""
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
    accelerator = Accelerator(gradient_accumulation_steps=4, cpu=True)
    torch.manual_seed(0)
    model = Classifier()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    train = DataLoader(points(96, 0), 8, shuffle=True)
    model, train = accelerator.prepare(model, train)  # expect: ignored-accumulation
    model.train()
    for x, y in train:
        with accelerator.accumulate(model):
            loss = F.cross_entropy(model(x), y)
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
    accelerator.print(loss.item())


if __name__ == "__main__":
    main()
