"""Weights of a policy gradient that have a gradient of their own."""

import pytest
import torch
from torch import nn
from torch.distributions import Categorical, Normal

from tests.support.watched import observed, watched


def seen(loss_of, folder):
    """Return the parameters behind live weights in `loss_of(actor, critic, x)`."""

    def code():
        torch.manual_seed(0)
        actor, critic = nn.Linear(4, 3), nn.Linear(4, 1)
        optimizer = torch.optim.SGD([*actor.parameters(), *critic.parameters()], lr=0.01)
        for _ in range(2):
            optimizer.zero_grad()
            loss_of(actor, critic, torch.randn(8, 4)).backward()
            optimizer.step()

    return [set(one.parameters) for one in observed(watched(code, folder), "live-weight")]


def policy(actor, x):
    chosen = Categorical(logits=actor(x))
    action = chosen.sample()
    return chosen.log_prob(action), action.float()


def live(actor, critic, x):
    score, reward = policy(actor, x)
    advantage = reward - critic(x).squeeze(1)
    return -(score * advantage).mean()


def clipped_ratio(actor, critic, x):
    score, reward = policy(actor, x)
    advantage = reward - critic(x).squeeze(1)
    ratio = (score - score.detach()).exp()
    return -torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()


@pytest.mark.parametrize("loss_of", [live, clipped_ratio])
def test_a_critic_in_the_policys_loss(loss_of, tmp_path):
    assert seen(loss_of, tmp_path / "run") == [{"critic.weight", "critic.bias"}]


def detached(actor, critic, x):
    score, reward = policy(actor, x)
    value = critic(x).squeeze(1)
    return -(score * (reward - value).detach()).mean() + (reward - value).square().mean()


def reparametrised(actor, critic, x):
    chosen = Normal(actor(x), 1.0)
    action = chosen.rsample()
    return (chosen.log_prob(action).sum(1) * critic(x).squeeze(1).sigmoid()).mean()


def coefficient(actor, critic, x):
    return (policy(actor, x)[0] * critic.bias.exp()).mean()  # One parameter: a temperature.


def supervised(actor, critic, x):
    given = torch.zeros(8, dtype=torch.long)
    return -(Categorical(logits=actor(x)).log_prob(given) * critic(x).squeeze(1).sigmoid()).mean()


@pytest.mark.parametrize("loss_of", [detached, reparametrised, coefficient, supervised])
def test_what_is_meant(loss_of, tmp_path):
    assert not seen(loss_of, tmp_path / "run")
