"""Image classifier that reports precision and recall at the end of training from everything it predicted."""

import torch
import torch.nn.functional as F
from torch import nn


class ConfusionTracker:
    def __init__(self, classes):
        self.classes = classes
        self.outputs, self.labels = [], []

    def add(self, logits, labels):
        self.outputs.append(logits.softmax(dim=1))  # expect: growing-graph
        self.labels.append(labels)

    def table(self):
        predicted = torch.cat(self.outputs).argmax(1)
        index = torch.cat(self.labels) * self.classes + predicted
        return torch.bincount(index, minlength=self.classes**2).view(self.classes, self.classes)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        return self.fc(F.relu(self.conv2(F.relu(self.conv1(x)))).amax((2, 3)))


def images(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    x = 0.5 * torch.randn(n, 1, 12, 12, generator=gen)
    for i, k in enumerate(y.tolist()):
        x[i, 0, 4 : 5 + 2 * k, 4 : 9 - 2 * k] += 2.0
    return x, y


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model, tracker = Net(), ConfusionTracker(3)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(40):
        x, y = images(16, gen)
        logits = model(x)
        loss = F.cross_entropy(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tracker.add(logits, y)  # accept: growing-graph
        if step % 10 == 9:
            print(f"step {step + 1} loss {loss.item():.4f}")
    print(tracker.table().tolist())


if __name__ == "__main__":
    main()
