"""The teacher's softmax is the target of the student's cross entropy."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def mlp(width):
    return nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 5))


def fit(model, loss_fn, steps):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(steps):
        x = torch.randn(64, 8)
        loss = loss_fn(model(x), x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


def main(temperature=2.0):
    torch.manual_seed(0)
    w = torch.randn(8, 5)
    teacher, student = mlp(64), mlp(12)
    print("teacher", fit(teacher, lambda out, x: F.cross_entropy(out, (x @ w).argmax(1)), 60))
    teacher.eval().requires_grad_(False)

    def distil(out, x):
        soft = (teacher(x) / temperature).softmax(1)
        return F.cross_entropy(out / temperature, soft) * temperature**2

    print("student", fit(student, distil, 60))


if __name__ == "__main__":
    main()
