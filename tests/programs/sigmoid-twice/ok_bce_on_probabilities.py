"""Click prediction: sigmoid output with BCELoss, and its own BCE-with-logits head for a second task."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class TwoTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(8, 32), nn.Sigmoid())
        self.click = nn.Sequential(nn.Linear(32, 1), nn.Sigmoid())
        self.buy = nn.Linear(32, 1)

    def forward(self, x):
        h = self.trunk(x)
        return self.click(h).squeeze(1), self.buy(h).squeeze(1)


def main():
    torch.manual_seed(0)
    w = torch.randn(8, 2)
    model = TwoTask()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    for step in range(60):
        x = torch.randn(64, 8)
        click, buy = (x @ w > 0).float().unbind(1)
        p_click, z_buy = model(x)
        loss = F.binary_cross_entropy(p_click, click) + F.binary_cross_entropy_with_logits(z_buy, buy)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            acc = ((z_buy.sigmoid() > 0.5) == buy.bool()).float().mean()
            print(f"step {step} loss {loss.item():.4f} acc {acc:.2f}")


if __name__ == "__main__":
    main()
