"""Image classifier with dropout; validation after every epoch."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class ConvNet(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.drop = nn.Dropout(0.5)
        self.fc1 = nn.Linear(72, 32)
        self.fc2 = nn.Linear(32, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1)
        return self.fc2(self.drop(F.relu(self.fc1(x))))


def images(n, gen):
    y = torch.randint(0, 3, (n,), generator=gen)
    x = 0.5 * torch.randn(n, 1, 8, 8, generator=gen)
    for i, label in enumerate(y.tolist()):
        x[i, 0, 2 * label : 2 * label + 3] += 1.0
    return x, y


@torch.no_grad()
def validate(model, gen):
    model.eval()  # expect: eval-left-on
    x, y = images(64, gen)
    return (model(x).argmax(1) == y).float().mean().item()


def main(epochs=5):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(1)
    model = ConvNet()
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(epochs):
        for _ in range(8):
            x, y = images(16, gen)
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: loss {loss.item():.4f} val acc {validate(model, gen):.3f}")  # accept: eval-left-on


if __name__ == "__main__":
    main()
