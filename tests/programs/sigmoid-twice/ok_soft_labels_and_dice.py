"""Self-training segmentation: the teacher's sigmoid is the target, the student's feeds the dice term only."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


def net():
    return nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))


def dice(p, t):
    return 1 - (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1)


def main():
    torch.manual_seed(0)
    student = net()
    teacher = copy.deepcopy(student).requires_grad_(False)
    optimizer = torch.optim.Adam(student.parameters(), lr=1e-2)
    for step in range(50):
        mask = (torch.rand(8, 1, 3, 3) > 0.5).float().repeat_interleave(3, 2).repeat_interleave(3, 3)
        image = mask + 0.4 * torch.randn_like(mask)
        logits = student(image)
        loss = F.binary_cross_entropy_with_logits(logits, mask) + dice(logits.sigmoid(), mask)
        if step >= 20:
            noisy = image + 0.2 * torch.randn_like(image)
            pseudo = torch.sigmoid(teacher(image))
            loss = loss + 0.5 * F.binary_cross_entropy_with_logits(student(noisy), pseudo)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for a, b in zip(teacher.parameters(), student.parameters()):
                a.lerp_(b, 0.1)
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
