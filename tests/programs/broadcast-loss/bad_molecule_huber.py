"""Molecular property regression: mean-pooled message passing, Huber loss through a configurable criterion."""

import torch
import torch.nn as nn

LOSSES = {"l1": nn.L1Loss(), "huber": nn.HuberLoss(delta=0.5), "smooth": nn.SmoothL1Loss()}


class MessagePassing(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.msg = nn.Linear(dim, dim)

    def forward(self, h, adj):
        return torch.relu(h + adj @ self.msg(h))


class MolNet(nn.Module):
    def __init__(self, atoms=5, dim=24):
        super().__init__()
        self.emb = nn.Embedding(atoms, dim)
        self.layers = nn.ModuleList(MessagePassing(dim) for _ in range(2))
        self.readout = nn.Linear(dim, 1)

    def forward(self, z, adj):
        h = self.emb(z)
        for layer in self.layers:
            h = layer(h, adj)
        return self.readout(h.mean(1))  # accept: broadcast-loss


class Task:
    def __init__(self, criterion="huber"):
        self.criterion = LOSSES[criterion]

    def batch(self, n):
        z = torch.randint(0, 5, (n, 6))
        adj = (torch.rand(n, 6, 6) < 0.4).float()
        adj = ((adj + adj.transpose(1, 2)) > 0).float() / 6
        target = z.float().mean(1) + adj.sum((1, 2))
        return z, adj, target

    def loss(self, pred, target):
        return self.criterion(pred, target)  # expect: broadcast-loss


def main():
    torch.manual_seed(0)
    task, model = Task(), MolNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(50):
        z, adj, target = task.batch(32)
        loss = task.loss(model(z, adj), target)  # accept: broadcast-loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
