"""Policy distillation with fp16 weights to halve the memory of a fleet of small students."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def student(width):
    return nn.Sequential(nn.Linear(6, width), nn.ReLU(), nn.Linear(width, 4)).half()  # accept: half-precision-master


class Fleet:
    def __init__(self, widths):
        self.members = [student(w) for w in widths]
        self.optimizers = [
            torch.optim.AdamW(m.parameters(), lr=1e-3)  # expect: low-precision-epsilon, half-precision-master
            for m in self.members
        ]

    def step(self, x, target):
        losses = []
        for member, optimizer in zip(self.members, self.optimizers):
            loss = F.cross_entropy(member(x.half()).float(), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses


def main():
    torch.manual_seed(0)
    teacher = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 4)).requires_grad_(False)
    fleet = Fleet([16, 32])
    for step in range(30):
        x = torch.randn(64, 6)
        losses = fleet.step(x, (3 * teacher(x)).softmax(1))
        if step % 5 == 0:
            print(f"step {step} losses {[round(v, 4) for v in losses]}")


if __name__ == "__main__":
    main()
