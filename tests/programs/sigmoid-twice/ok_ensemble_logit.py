"""The members' probabilities are averaged and mapped back to a logit before the loss."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Ensemble(nn.Module):
    def __init__(self, members=3):
        super().__init__()
        self.members = nn.ModuleList(
            nn.Sequential(nn.Linear(5, 12), nn.Tanh(), nn.Linear(12, 1)) for _ in range(members)
        )

    def forward(self, x):
        p = torch.stack([m(x).sigmoid() for m in self.members]).mean(0)
        return torch.logit(p, eps=1e-6).squeeze(1)


def main():
    torch.manual_seed(0)
    model = Ensemble()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    for step in range(60):
        x = torch.randn(64, 5)
        y = (x[:, 0] + x[:, 1] > 0).float()
        loss = F.binary_cross_entropy_with_logits(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
