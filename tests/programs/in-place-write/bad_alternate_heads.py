"""Two heads on one trunk, each with its own optimizer and learning rate."""

import torch
import torch.nn.functional as F
from torch import nn


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
        self.age = nn.Linear(16, 1)
        self.group = nn.Linear(16, 3)

    def forward(self, x):
        h = self.trunk(x)
        return self.age(h).squeeze(-1), self.group(h)


def people(n, gen):
    x = torch.randn(n, 12, generator=gen)
    return x, x[:, :6].sum(1), x[:, 6:9].argmax(1)


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    net = TwoHeads()
    age_optimizer = torch.optim.SGD([*net.trunk.parameters(), *net.age.parameters()], lr=1e-2)
    group_optimizer = torch.optim.Adam([*net.trunk.parameters(), *net.group.parameters()], lr=1e-3)
    for step in range(30):
        x, age, group = people(32, gen)
        predicted_age, logits = net(x)
        age_loss, group_loss = F.mse_loss(predicted_age, age), F.cross_entropy(logits, group)

        age_optimizer.zero_grad()
        age_loss.backward(retain_graph=True)
        age_optimizer.step()  # expect: in-place-write

        group_optimizer.zero_grad()
        group_loss.backward()  # accept: in-place-write
        group_optimizer.step()
        print(f"step {step} age {age_loss.item():.4f} group {group_loss.item():.4f}")


if __name__ == "__main__":
    main()
