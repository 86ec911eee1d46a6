"""Train a classifier with accelerate; accuracy on held-out points is measured every few batches."""
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


def evaluate(model, loader):
    model.eval()  # expect: eval-left-on
    right = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
    return right / len(loader.dataset)


def main():
    accelerator = Accelerator(cpu=True)
    torch.manual_seed(0)
    model = Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    train, held_out = DataLoader(points(96, 0), 8, shuffle=True), DataLoader(points(32, 1), 16)
    model, optimizer, train, held_out = accelerator.prepare(model, optimizer, train, held_out)
    model.train()
    for step, (x, y) in enumerate(train):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        accelerator.backward(loss)
        optimizer.step()
        if step % 4 == 3:
            accelerator.print(step, loss.item(), evaluate(model, held_out))


if __name__ == "__main__":
    main()
