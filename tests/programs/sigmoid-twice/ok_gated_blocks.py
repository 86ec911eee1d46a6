"""Squeeze-excitation and GLU gates inside the network; the last layer is linear."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class SqueezeExcite(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(width, 4), nn.ReLU(), nn.Linear(4, width), nn.Sigmoid())

    def forward(self, x):
        return x * self.fc(x.mean(-1)).unsqueeze(-1)


class GatedNet(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.conv = nn.Conv1d(2, 2 * width, 3, padding=1)
        self.se = SqueezeExcite(width)
        self.gate = nn.Linear(width, width)
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        h = self.se(F.glu(self.conv(x), dim=1)).mean(-1)
        return self.out(h * torch.sigmoid(self.gate(h))).flatten()


def main():
    torch.manual_seed(0)
    proto = torch.randn(2, 2, 16)
    model, criterion = GatedNet(), nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(60):
        y = torch.randint(0, 2, (32,))
        loss = criterion(model(proto[y] + 0.8 * torch.randn(32, 2, 16)), y.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
