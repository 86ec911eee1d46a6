"""Distillation: a teacher with dropout stays in evaluation mode, the student trains."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def network(hidden, dropout):
    return nn.Sequential(nn.Linear(8, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 4))


def train(model, target, steps, gen, lr):
    model.train()
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    for step in range(steps):
        x = torch.randn(64, 8, generator=gen)
        loss = target(model(x), x)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 15 == 0:
            print(f"  {step} {loss.item():.4f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(9)
    teacher, student = network(64, 0.3), network(12, 0.05)
    print("teacher")
    train(teacher, lambda out, x: F.cross_entropy(out, x[:, :4].argmax(1)), 30, gen, 1e-2)
    teacher.eval()
    for p in teacher.parameters():
        p.requires_grad_(False)
    print("student")

    def soft(out, x):
        with torch.no_grad():
            probs = teacher(x).div(2).softmax(-1)
        return F.kl_div(out.div(2).log_softmax(-1), probs, reduction="batchmean") * 4

    train(student, soft, 30, gen, 1e-2)
