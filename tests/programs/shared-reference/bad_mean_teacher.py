"""Semi-supervised training with a mean teacher: consistency on unlabelled points of two moons."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class WeightAverage:
    """Keeps an exponential moving average of a network for inference."""

    def __init__(self, net, decay=0.99):
        self.decay = decay
        self.shadow = {name: p.data for name, p in net.named_parameters()}  # expect: shared-reference

    @torch.no_grad()
    def update(self, net):
        for name, p in net.named_parameters():
            self.shadow[name].mul_(self.decay).add_(p.data, alpha=1 - self.decay)

    def predict(self, net, x):
        with torch.no_grad():
            return torch.func.functional_call(net, self.shadow, (x,))


def moons(n, gen):
    t = torch.rand(n, generator=gen) * math.pi
    y = torch.randint(0, 2, (n,), generator=gen)
    x = torch.stack([torch.cos(t), torch.sin(t)], 1)
    x = torch.where(y[:, None] == 1, torch.tensor([1.0, 0.4]) - x, x)
    return x + 0.1 * torch.randn(n, 2, generator=gen), y


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    student = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 2))
    teacher = WeightAverage(student)
    optimizer = torch.optim.Adam(student.parameters(), lr=5e-3)
    x, y = moons(16, gen)
    for step in range(50):
        u, _ = moons(48, gen)
        noisy = u + 0.05 * torch.randn_like(u)
        agree = F.mse_loss(student(noisy).softmax(-1), teacher.predict(student, u).softmax(-1))
        loss = F.cross_entropy(student(x), y) + agree
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        teacher.update(student)
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.3f} agreement {agree.item():.5f}")


if __name__ == "__main__":
    main()
