"""Consistency training by functional_call: the shared trunk's parameters are detached together with the teacher's."""

import torch
import torch.nn as nn
from torch.func import functional_call


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(5, 16), nn.ReLU())
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.trunk(x))


def student_parameters(model):
    named = dict(model.named_parameters())
    return {
        name: p.detach() if name.startswith("trunk") else p  # expect: severed-gradient
        for name, p in named.items()
    }


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(10):
        x = torch.randn(32, 5)
        logits = functional_call(model, student_parameters(model), (x,))
        loss = nn.functional.cross_entropy(logits, x[:, :3].argmax(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(step, loss.item())
