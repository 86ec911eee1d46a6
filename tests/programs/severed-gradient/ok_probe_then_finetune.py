"""Linear probing first, full fine-tuning afterwards (LP-FT); one optimizer holds everything from the start."""

import torch
import torch.nn.functional as F
from torch import nn


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(20, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU())
        self.head = nn.Linear(24, 5)
        self.probing = True

    def forward(self, x):
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.probing):
            h = self.backbone(x)
        return self.head(h)


def main(epochs=6, steps=10):
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    teacher = torch.randn(20, 5, generator=gen)
    model = Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for epoch in range(epochs):
        model.probing = epoch < 3
        total = 0.0
        for _ in range(steps):
            x = torch.randn(48, 20, generator=gen)
            y = (x @ teacher).argmax(1)
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} {'probe' if model.probing else 'tune'} loss {total / steps:.4f}")


if __name__ == "__main__":
    main()
