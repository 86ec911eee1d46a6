"""Distil a wide teacher into a small student from the teacher's top-k probabilities."""

import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, hidden, classes=10):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(12, hidden), nn.ReLU())
        self.head = nn.Linear(hidden, classes)

    def forward(self, x):
        return self.head(self.body(x))


def keep_top(probs, k):
    values, index = probs.topk(k, dim=-1)
    kept = torch.zeros_like(probs).scatter(-1, index, values)
    return kept / kept.sum(-1, keepdim=True)


def distillation_loss(student_logits, teacher_probs, temperature):
    student_log = torch.log_softmax(student_logits / temperature, dim=-1)
    teacher_log = teacher_probs.log()  # expect: non-finite-origin
    kl = teacher_probs * (teacher_log - student_log)  # accept: non-finite-origin
    reverse = student_log.exp() * (student_log - teacher_log)  # accept: non-finite-origin
    return (kl + reverse).sum(-1).mean() * temperature**2


def main(steps=25):
    torch.manual_seed(0)
    teacher = Net(64).eval().requires_grad_(False)
    student = Net(16)
    optimizer = torch.optim.Adam(student.parameters(), lr=1e-3)
    for step in range(steps):
        x = torch.randn(32, 12)
        with torch.no_grad():
            target = torch.softmax(teacher(x) / 2.0, dim=-1)
            if step >= 5:
                target = keep_top(target, 4)
        loss = distillation_loss(student(x), target, 2.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 6 == 0:
            print(f"step {step} kd loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
