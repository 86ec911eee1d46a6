"""`gradprobe.assert_gradients_flow`: one backward."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import gradprobe
from gradprobe.testing.failure import GradientFailure
from tests.reports.golden import check_golden

HERE = "tests/gradprobe/testing/test_flow.py"


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head, self.spare = nn.Linear(4, 8), nn.Linear(8, 3), nn.Linear(2, 2)

    def forward(self, x):
        return self.head(self.encoder(x))


class Severed(Agent):
    def forward(self, x):
        hidden = self.encoder(x).detach()
        return self.head(hidden)


def line_of(code):
    with open(__file__, encoding="utf-8") as source:  # noqa: PTH123
        return 1 + [line.strip() for line in source].index(code)


def failure(*args, **kwargs):
    with pytest.raises(AssertionError) as caught:
        gradprobe.assert_gradients_flow(*args, **kwargs)
    assert isinstance(caught.value, GradientFailure)
    return caught.value


def batch():
    return torch.randn(2, 4)


def test_it_passes_where_every_parameter_gets_a_gradient():
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    gradprobe.assert_gradients_flow(model, lambda: model(batch()).sum())
    gradprobe.assert_gradients_flow(model, model(batch()).sum())
    for parameter in model[0].parameters():
        parameter.requires_grad_(False)  # Frozen is not missing.
    gradprobe.assert_gradients_flow(model, lambda: model(batch()).sum())


def test_the_line_at_which_the_gradient_ends(monkeypatch):
    monkeypatch.chdir(__file__.partition("tests/gradprobe")[0])
    model = Severed()
    error = failure(model, lambda: F.cross_entropy(model(batch()), torch.tensor([0, 1])))
    line = line_of("hidden = self.encoder(x).detach()")
    text = str(error).replace(f":{line} ", ":LINE ").replace(f"> {line} |", "> LINE |")
    check_golden("assert-gradients-flow.txt", text + "\n")
    assert error.headline == f"the gradient ends here: detach() returns the value without its graph at {HERE}:{line}"


def test_a_loss_that_is_given_names_parameters_and_says_how_to_see_the_line():
    model = Severed()
    text = str(failure(model, model(batch()).sum(), allow=("spare",)))
    assert "no way leads back to these parameters" in text
    assert "of   encoder.weight, encoder.bias\n" in text
    assert "pass a callable that makes the loss" in text


def test_a_loss_without_a_graph():
    model = Agent()
    assert "the loss has no graph at all" in str(failure(model, model(batch()).argmax().float()))

    def loss():
        chosen = model(batch()).argmax()
        return chosen.float()

    text = str(failure(model, loss, allow=("spare",)))
    assert "argmax returns indices" in text
    assert f"test_flow.py:{line_of('chosen = model(batch()).argmax()')} in" in text


def test_zero_and_not_finite():
    model = nn.Linear(4, 1)
    zero = str(failure(model, lambda: (model(batch()) * 0).sum()))
    assert "found zero for 2" in zero
    assert "the gradient is there, and zero everywhere" in zero
    nan = str(failure(model, lambda: (model(batch()) * float("nan")).sum()))
    assert "found one that is not finite for 2" in nan
    assert "the gradient holds NaN or infinity" in nan


def test_a_rounding_is_named_by_its_line():
    model = nn.Linear(4, 1)

    def loss():
        levels = model(batch()).round()
        return levels.square().sum()

    text = str(failure(model, loss))
    assert "round is flat: its gradient is zero everywhere" in text
    assert f":{line_of('levels = model(batch()).round()')} in" in text


def test_a_sparse_gradient():
    table = nn.Embedding(5, 3, sparse=True)
    gradprobe.assert_gradients_flow(table, lambda: table(torch.tensor([1, 1, 4])).sum())
    failure(table, lambda: (table(torch.tensor([1])) * 0).sum())


def test_a_reentrant_checkpoint():
    from torch.utils.checkpoint import checkpoint

    model = nn.Linear(4, 4)
    gradprobe.assert_gradients_flow(
        model, lambda: checkpoint(model, batch().requires_grad_(), use_reentrant=True).sum()
    )


def test_what_is_allowed():
    model = Severed()
    gradprobe.assert_gradients_flow(model, lambda: model(batch()).sum(), allow=("encoder", "spare.*"))
    failure(model, lambda: model(batch()).sum(), allow=("encoder.weight", "spare"))
    with pytest.raises(ValueError, match=r"found 'encodr', which means none; it has encoder.weight, encoder.bias, "):
        gradprobe.assert_gradients_flow(model, lambda: model(batch()).sum(), allow=("encodr",))


@pytest.mark.parametrize(
    ("model", "loss", "error", "said"),
    [
        (3, lambda: 3, TypeError, "expected a model, a torch.nn.Module, found int"),
        (nn.Linear(1, 1), 3, TypeError, "expected a loss, a tensor or a callable that makes it, found int"),
        (nn.Linear(1, 1), lambda: 3, TypeError, "expected a callable that returns the loss, a tensor, found int"),
        (nn.ReLU(), lambda: torch.ones(()), ValueError, "found no parameter of ReLU that requires a gradient"),
        (nn.Linear(1, 1), lambda: [][0], IndexError, "list index out of range"),
        (nn.Linear(1, 1), lambda: torch.ones(2, requires_grad=True), RuntimeError, "for scalar outputs"),
    ],
)
def test_what_it_cannot_be_asked(model, loss, error, said):
    with pytest.raises(error, match=said):
        gradprobe.assert_gradients_flow(model, loss)


class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.norm, self.drop = nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout()

    def forward(self, x):
        self.train()
        random.random(), np.random.rand()
        return self.drop(self.norm(self.layer(x)))


@pytest.mark.parametrize("fails", [False, True])
def test_everything_is_left_as_it_was(fails):
    model = Noisy().eval()
    x = torch.randn(8, 4, requires_grad=True)
    x.grad = kept_x = torch.ones(8, 4)
    model.layer.weight.grad = kept = torch.full((4, 4), 2.0)
    stepped = []
    model.layer.bias.register_post_accumulate_grad_hook(lambda parameter: stepped.append(parameter))
    state = {name: value.clone() for name, value in model.state_dict().items()}
    numbers = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()

    def loss():
        return model(x).square().sum() * (0.0 if fails else 1.0)

    if fails:
        failure(model, loss)
    else:
        gradprobe.assert_gradients_flow(model, loss)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), numbers[0])
    assert random.getstate() == numbers[1]
    assert (np.random.get_state()[1] == numbers[2]).all()
    assert not any(module.training for module in model.modules())
    assert model.layer.weight.grad is kept
    assert bool((kept == 2).all())
    assert model.layer.bias.grad is None
    assert x.grad is kept_x
    assert bool((kept_x == 1).all())
    assert stepped == []
    model(x).sum().backward()
    assert len(stepped) == 1


def test_a_loss_that_was_given_can_still_be_backpropagated():
    model = nn.Linear(4, 1)
    loss = model(batch()).sum()
    gradprobe.assert_gradients_flow(model, loss)
    assert model.weight.grad is None
    loss.backward()
    assert model.weight.grad is not None


def test_within_a_recording_it_is_not_recorded(tmp_path):
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        model(batch()).square().sum().backward()
        gradprobe.assert_gradients_flow(model, lambda: model(batch()).square().sum())
        optimizer.step()

    with gradprobe.watch(tmp_path / "run") as watch:
        for _ in range(6):
            step()
    report = watch.report()
    assert report.run.steps == 6
    assert report.findings == ()


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    model = nn.Linear(4, 1)
    gradprobe.assert_gradients_flow(model, lambda: model(batch()).sum())
    assert list(tmp_path.iterdir()) == []


def test_by_the_fixture(suite):
    result = suite.run("""
def test_flow(gradprobe):
    model = Severed()
    gradprobe.assert_gradients_flow(model, lambda: model(torch.randn(2, 4)).sum())

def test_allowed(gradprobe):
    model = Severed()
    gradprobe.assert_gradients_flow(model, lambda: model(torch.randn(2, 4)).sum(), allow=["encoder"])
""")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "expected a gradient for each of the 4 trainable parameters of Severed, found none for 2",
            " 1  the gradient ends here: detach() returns the value without its graph",
            "    agents.py:19 in Severed.forward",
            "FAILED test_suite.py::test_flow - the gradient ends here: detach() *",
        ]
    )
