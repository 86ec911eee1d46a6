"""Star-type classifier; the network returns log-probabilities."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class StarNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(6, 32)
        self.fc2 = nn.Linear(32, 3)

    def forward(self, x):
        return F.log_softmax(self.fc2(F.relu(self.fc1(x))), dim=1)  # expect-info: double-softmax


def main():
    torch.manual_seed(0)
    centers = torch.randn(3, 6)
    model = StarNet()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    for step in range(50):
        y = torch.randint(0, 3, (32,))
        loss = criterion(model(centers[y] + 0.6 * torch.randn(32, 6)), y)  # accept: double-softmax
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
