"""Train a classifier with accelerate, accumulating; a small model beside it learns after each batch how hard that was."""
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
    accelerator = Accelerator(gradient_accumulation_steps=3, cpu=True)
    torch.manual_seed(0)
    model, difficulty = Classifier(), nn.Linear(12, 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    side = torch.optim.SGD(difficulty.parameters(), lr=1e-2)
    train = DataLoader(points(96, 0), 8, shuffle=True)
    model, optimizer, train = accelerator.prepare(model, optimizer, train)
    model.train()
    for x, y in train:
        with accelerator.accumulate(model):
            each = F.cross_entropy(model(x), y, reduction="none")
            accelerator.backward(each.mean())
            optimizer.step()
            optimizer.zero_grad()
            guess = F.mse_loss(difficulty(x).squeeze(1), each.detach())
            guess.backward()
            side.step()
            side.zero_grad()
    accelerator.print(each.mean().item(), guess.item())


if __name__ == "__main__":
    main()
