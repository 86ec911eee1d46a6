"""Knowledge distillation of a wide MLP into a narrow one."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class DistillLoss(nn.Module):
    def __init__(self, temperature=3.0, alpha=0.7):
        super().__init__()
        self.t, self.alpha = temperature, alpha
        self.kl = nn.KLDivLoss(reduction="batchmean")

    def forward(self, student, teacher, y):
        p_s = F.softmax(student / self.t, dim=1)  # expect: probabilities-for-log-probabilities
        p_t = F.softmax(teacher / self.t, dim=1)
        soft = self.kl(p_s, p_t) * self.t**2  # accept: probabilities-for-log-probabilities
        return self.alpha * soft + (1 - self.alpha) * F.cross_entropy(student, y)


def mlp(width):
    return nn.Sequential(nn.Linear(10, width), nn.ReLU(), nn.Linear(width, 6))


def main():
    torch.manual_seed(0)
    w = torch.randn(10, 6)
    teacher, student = mlp(96), mlp(16)
    criterion = DistillLoss()
    t_opt = torch.optim.Adam(teacher.parameters(), lr=1e-2)
    s_opt = torch.optim.Adam(student.parameters(), lr=1e-2)
    for _ in range(40):
        x = torch.randn(64, 10)
        t_loss = F.cross_entropy(teacher(x), (x @ w).argmax(1))
        t_opt.zero_grad()
        t_loss.backward()
        t_opt.step()
    for step in range(40):
        x = torch.randn(64, 10)
        with torch.no_grad():
            target = teacher(x)
        loss = criterion(student(x), target, (x @ w).argmax(1))
        s_opt.zero_grad()
        loss.backward()
        s_opt.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
