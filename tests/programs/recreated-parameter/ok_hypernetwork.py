"""A hypernetwork writes the weights of the main network from a task vector; they are new tensors in every forward."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call


class Hyper(nn.Module):
    def __init__(self, template, task_dim=4):
        super().__init__()
        self.shapes = {k: v.shape for k, v in template.named_parameters()}
        self.body = nn.Sequential(nn.Linear(task_dim, 32), nn.ReLU())
        self.heads = nn.ModuleDict({k.replace(".", "_"): nn.Linear(32, s.numel()) for k, s in self.shapes.items()})

    def forward(self, task):
        h = self.body(task)
        return {k: 0.5 * self.heads[k.replace(".", "_")](h).view(s) for k, s in self.shapes.items()}


def main():
    torch.manual_seed(0)
    main_net = nn.Sequential(nn.Linear(1, 12), nn.Tanh(), nn.Linear(12, 1))
    hyper = Hyper(main_net)
    tasks = torch.randn(4, 4)
    optimizer = torch.optim.Adam(hyper.parameters(), lr=3e-3)
    x = torch.linspace(-2, 2, 32)[:, None]
    for step in range(40):
        loss = 0.0
        for k, task in enumerate(tasks):
            weights = hyper(task)
            loss = loss + F.mse_loss(functional_call(main_net, weights, x), torch.sin((k + 1) * 0.5 * x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
