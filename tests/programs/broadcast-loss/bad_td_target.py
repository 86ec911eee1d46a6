"""TD(0) evaluation of a fixed policy with a target network."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


def value_net():
    return nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))


def transitions(n):
    s = torch.rand(n, 2)
    nxt = (s + 0.1 * torch.randn(n, 2)).clamp(0, 1)
    reward = (s[:, 0] > 0.7).float()
    done = torch.rand(n) < 0.1
    return s, reward, nxt, done.float()


def main(gamma=0.9):
    torch.manual_seed(0)
    net = value_net()
    target_net = copy.deepcopy(net).requires_grad_(False)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for step in range(50):
        s, reward, nxt, done = transitions(64)
        with torch.no_grad():
            target = reward + gamma * (1 - done) * target_net(nxt).squeeze(-1)  # accept: broadcast-loss
        v = net(s)  # accept: broadcast-loss
        loss = F.smooth_l1_loss(v, target)  # expect: broadcast-loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 5 == 4:
            target_net.load_state_dict(net.state_dict())
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()
