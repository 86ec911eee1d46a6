"""Transfer learning in two phases: first the head alone, then everything with a decaying rate."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.body(x))


class TwoPhase:
    def __init__(self, model, total):
        self.model = model
        model.body.requires_grad_(False)
        self.optimizer = torch.optim.Adam(model.head.parameters(), lr=1e-2)
        self.scheduler = CosineAnnealingLR(self.optimizer, T_max=total)  # accept: scheduler-misuse

    def unfreeze(self):
        self.model.body.requires_grad_(True)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=3e-3)  # expect: scheduler-misuse

    def run(self, epochs, gen, w):
        for _ in range(epochs):
            for _ in range(4):
                x = torch.randn(32, 8, generator=gen)
                loss = F.cross_entropy(self.model(x), (x @ w).argmax(1))
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
            self.scheduler.step()  # accept: scheduler-misuse
            print(f"loss {loss.item():.3f} lr {self.optimizer.param_groups[0]['lr']:.2e}")


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    w = torch.randn(8, 3, generator=gen)
    phases = TwoPhase(Model(), total=12)
    phases.run(3, gen, w)
    phases.unfreeze()
    phases.run(9, gen, w)


if __name__ == "__main__":
    main()
