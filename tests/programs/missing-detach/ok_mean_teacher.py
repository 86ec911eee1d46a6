"""Mean teacher: the teacher is averaged from the student, predicts under no_grad, and no optimizer owns it."""

import copy

import torch
import torch.nn.functional as F
from torch import nn


@torch.no_grad()
def average(teacher, student, decay):
    for slow, fast in zip(teacher.parameters(), student.parameters(), strict=True):
        slow.mul_(decay).add_(fast, alpha=1 - decay)


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    student = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 3))
    teacher = copy.deepcopy(student)
    optimizer = torch.optim.SGD(student.parameters(), lr=0.1, momentum=0.9)
    for step in range(60):
        x = torch.randn(64, 8, generator=gen)
        y = x[:16, :3].argmax(1)
        logits = student(x + 0.1 * torch.randn(x.shape, generator=gen))
        with torch.no_grad():
            target = teacher(x + 0.1 * torch.randn(x.shape, generator=gen)).softmax(-1)
        consistency = F.mse_loss(logits.softmax(-1), target)
        loss = F.cross_entropy(logits[:16], y) + min(1.0, step / 30) * consistency
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average(teacher, student, min(0.95, 1 - 1 / (step + 1)))
        if step % 15 == 14:
            print(f"step {step + 1} loss {loss.item():.4f} consistency {consistency.item():.5f}")


if __name__ == "__main__":
    main()
