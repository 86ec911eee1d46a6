"""GoogLeNet-style network with an auxiliary classifier, trained with a running accuracy."""

import torch
import torch.nn.functional as F
from torch import nn


class InceptionLite(nn.Module):
    def __init__(self, classes=4):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.branch1 = nn.Conv2d(8, 8, 1)
        self.branch3 = nn.Conv2d(8, 8, 3, padding=1)
        self.aux = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, classes)
        )  # accept: unused-parameter
        self.fc = nn.Linear(16, classes)

    def forward(self, x):
        x = self.stem(x)
        aux = self.aux(x)  # accept: unused-parameter
        x = F.relu(torch.cat([self.branch1(x), self.branch3(x)], dim=1)).amax((2, 3))
        return self.fc(x), aux


class Trainer:
    aux_weight = 0.4

    def __init__(self):
        self.model = InceptionLite()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.05, momentum=0.9)
        self.seen = self.right = 0

    def step(self, x, y):
        logits, aux = self.model(x)
        loss = F.cross_entropy(logits, y)  # expect: unused-parameter
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.seen += len(y)
        self.right += ((logits + self.aux_weight * aux).argmax(1) == y).sum().item()
        return loss.item()


def shapes(n, gen):
    y = torch.randint(0, 4, (n,), generator=gen)
    x = 0.5 * torch.randn(n, 1, 10, 10, generator=gen)
    for i, k in enumerate(y.tolist()):
        x[i, 0, 5 - k : 5 + k + 1, 5] += 1.5
    return x, y


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    trainer = Trainer()
    for i in range(30):
        loss = trainer.step(*shapes(32, gen))
        if i % 10 == 9:
            print(f"step {i + 1} loss {loss:.4f} accuracy {trainer.right / trainer.seen:.3f}")
