"""Steering by a Gaussian policy: the action is drawn, and the policy is trained by the log probability of what was drawn."""

import math

import torch
from torch import nn


def main():
    torch.manual_seed(6)
    policy = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1))
    log_deviation = nn.Parameter(torch.zeros(1))
    gate = nn.Linear(3, 1)
    optimizer = torch.optim.Adam([*policy.parameters(), log_deviation, *gate.parameters()], lr=5e-3)
    for _ in range(60):
        state = torch.randn(64, 3)
        mean, deviation = policy(state), log_deviation.exp()
        action = torch.normal(mean, deviation.expand_as(mean))
        probability = torch.sigmoid(gate(state))
        brake = torch.bernoulli(probability)
        reward = -(action - state.sum(1, keepdim=True)).square() - 0.1 * brake
        advantage = (reward - reward.mean()).detach()
        log_action = (
            -0.5 * ((action.detach() - mean) / deviation).square() - log_deviation - 0.5 * math.log(2 * math.pi)
        )
        log_brake = torch.where(brake.detach() > 0, probability, 1 - probability).log()
        loss = -((log_action + log_brake) * advantage).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
