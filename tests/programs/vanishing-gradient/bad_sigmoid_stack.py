"""Fault classification of gearboxes with a deep fully connected network."""

import torch
import torch.nn as nn

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "gelu": nn.GELU}


class DeepNet(nn.Module):
    def __init__(self, dim_in, width, depth, classes, activation):
        super().__init__()
        layers = []
        for i in range(depth):
            layers += [nn.Linear(dim_in if i == 0 else width, width), ACTIVATIONS[activation]()]
        self.features = nn.Sequential(*layers)  # accept: vanishing-gradient
        self.classifier = nn.Linear(width, classes)

    def forward(self, x):
        return self.classifier(self.features(x))  # accept: vanishing-gradient


def vibrations(n, gen):
    y = torch.randint(0, 4, (n,), generator=gen)
    t = torch.arange(16.0)
    signal = torch.sin(t * (0.3 + 0.2 * y[:, None]))
    return signal + 0.3 * torch.randn(n, 16, generator=gen), y


def train():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(3)
    model = DeepNet(16, 32, depth=14, classes=4, activation="sigmoid")  # expect: vanishing-gradient
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(40):
        x, y = vibrations(32, gen)
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    train()
