"""Adapt a network to a new task: replace head and norm layers, normalise weights, then make the optimizer."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import weight_norm


class Backbone(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        return self.fc(F.relu(self.bn2(self.conv2(x))).mean((2, 3)))


def convert(module):
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.GroupNorm(4, child.num_features))
        else:
            convert(child)
    return module


def main():
    torch.manual_seed(0)
    model = convert(Backbone())
    model.fc = nn.Linear(16, 2)
    model.conv2 = weight_norm(model.conv2)
    model = model.to(torch.float32).to("cpu")
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(30):
        y = torch.randint(0, 2, (16,))
        x = 0.4 * torch.randn(16, 1, 8, 8)
        x[y == 1, :, 2:6, 2:6] += 1
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
