"""Federated training with FedAvg: each client trains on its shard, the server averages."""

import torch
import torch.nn.functional as F
from torch import nn


def net():
    return nn.Sequential(nn.Linear(5, 24), nn.ReLU(), nn.Linear(24, 2))


class Client:
    def __init__(self, x, y):
        self.x, self.y = x, y
        self.net = net()
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.2)

    def sync(self, server):
        self.net.load_state_dict(server)  # accept: overwritten-parameters

    def local(self, server, epochs=2):
        losses = []
        for _ in range(epochs):
            for rows in torch.randperm(len(self.x)).split(16):
                self.sync(server)  # expect: overwritten-parameters
                loss = F.cross_entropy(self.net(self.x[rows]), self.y[rows])
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                losses.append(loss.item())
        return {k: v.clone() for k, v in self.net.state_dict().items()}, sum(losses) / len(losses)


def main(rounds=4):
    torch.manual_seed(0)
    rule = torch.randn(5)
    shards = [torch.randn(48, 5) + 0.4 * i for i in range(2)]
    clients = [Client(x, (x @ rule > 0).long()) for x in shards]
    server = net().state_dict()
    for rnd in range(rounds):
        states, losses = zip(*(c.local(server) for c in clients))
        server = {k: (states[0][k] + states[1][k]) / 2 for k in server}
        print(f"round {rnd} loss {sum(losses) / 2:.4f}")


if __name__ == "__main__":
    main()
