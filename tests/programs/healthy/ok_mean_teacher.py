"""Mean teacher for semi-supervised classification; the teacher is never stepped by the optimizer."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def network():
    return nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 3))


def ema_update(teacher, student, decay):
    for name, value in teacher.state_dict().items():
        value.copy_(decay * value + (1 - decay) * student.state_dict()[name])


if __name__ == "__main__":
    torch.manual_seed(0)
    student, teacher = network(), network()
    teacher.load_state_dict(student.state_dict())
    opt = torch.optim.Adam(student.parameters(), lr=5e-3)
    for step in range(50):
        labelled, unlabelled = torch.randn(16, 6), torch.randn(64, 6)
        y = labelled[:, :3].argmax(1)
        soft = teacher(unlabelled + 0.1 * torch.randn(64, 6)).softmax(-1).detach()
        consistency = F.mse_loss(student(unlabelled).softmax(-1), soft)
        weight = min(1.0, step / 20)  # ramp-up, zero in the first step
        loss = F.cross_entropy(student(labelled), y) + weight * consistency
        opt.zero_grad()
        loss.backward()
        opt.step()
        ema_update(teacher, student, 0.9)
        if step % 10 == 0:
            print(f"{step} {loss.item():.3f}")
