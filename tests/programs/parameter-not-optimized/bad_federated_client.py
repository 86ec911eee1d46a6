"""Federated averaging over three clients with skewed labels."""

import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def make_net():
    return nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 3))


class Client:
    def __init__(self, server_net, data, lr):
        self.net = copy.deepcopy(server_net)
        self.loader = DataLoader(data, batch_size=16, shuffle=True)
        self.optimizer = torch.optim.SGD(server_net.parameters(), lr=lr)  # expect: parameter-not-optimized

    def receive(self, state):
        self.net.load_state_dict(state)

    def local_epochs(self, epochs=2):
        total = 0.0
        for _ in range(epochs):
            for x, y in self.loader:
                self.optimizer.zero_grad()
                loss = F.cross_entropy(self.net(x), y)
                loss.backward()
                self.optimizer.step()
                total += loss.item()
        return self.net.state_dict(), total / (epochs * len(self.loader))


def average(states):
    return {k: torch.stack([s[k] for s in states]).mean(0) for k in states[0]}


def shard(skew, rule):
    x = torch.randn(48, 6) + skew
    return TensorDataset(x, (x @ rule).argmax(1))


def main():
    torch.manual_seed(0)
    server, rule = make_net(), torch.randn(6, 3)
    clients = [Client(server, shard(0.3 * i, rule), lr=0.1) for i in range(3)]
    for rnd in range(4):
        states, losses = zip(*(c.local_epochs() for c in clients))
        server.load_state_dict(average(states))
        for c in clients:
            c.receive(server.state_dict())
        print(f"round {rnd}: mean client loss {sum(losses) / 3:.4f}")


if __name__ == "__main__":
    main()
