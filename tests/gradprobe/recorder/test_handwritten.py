"""Training without an optimizer of torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.support.training import Classifier, batches, norms_of, recorded

cross_entropy = nn.functional.cross_entropy


def _in_place(parameters):
    with torch.no_grad():
        for parameter in parameters:
            parameter -= 0.1 * parameter.grad
            parameter.grad = None


def _through_data(parameters):
    for parameter in parameters:
        parameter.data.add_(parameter.grad, alpha=-0.1)
        parameter.grad.zero_()


@pytest.mark.parametrize("update", [_in_place, _through_data])
def test_update_after_a_backward_is_a_step(tmp_path, update):
    seen = []

    def train():
        model = Classifier()
        for inputs, classes in batches(6):
            loss = cross_entropy(model(inputs), classes)
            loss.backward()
            seen.append(model.head.bias.grad.norm().item())
            update(list(model.parameters()))

    record = recorded(train, tmp_path / "run").record
    assert record.facts.steps == 6
    assert norms_of(record, "model.head.bias") == pytest.approx(seen)
    assert len(record.metrics["loss"].values) == 6


def test_accumulation_before_a_hand_written_update_is_one_step(tmp_path):
    def train():
        weight = torch.ones(2, requires_grad=True)
        for number in range(8):
            (weight * 1.0).sum().backward()
            if number % 4 == 3:
                with torch.no_grad():
                    weight -= 0.1 * weight.grad
                weight.grad = None

    record = recorded(train, tmp_path / "run").record
    assert record.facts.steps == 2
    assert norms_of(record, "weight") == pytest.approx([4 * 2**0.5] * 2)  # four times the gradient [1, 1]


def test_gradient_that_is_only_looked_at_is_no_step(tmp_path):
    def train():
        image = torch.ones(3, requires_grad=True)
        (image**2).sum().backward()

    run = recorded(train, tmp_path / "run")
    assert run.facts.steps == 0
    assert run.events.event.tolist() == ["Backward"]


def test_max_batches_counts_hand_written_steps(tmp_path):
    taken = []

    def train():
        weight = torch.ones(2, requires_grad=True)
        for number in range(8):
            (weight**2).sum().backward()
            with torch.no_grad():
                weight -= 0.1 * weight.grad
            weight.grad = None
            taken.append(number)

    assert recorded(train, tmp_path / "run", max_batches=3).facts.steps == 3
    assert taken == [0, 1, 2]


def test_optimizer_built_before_the_block_takes_the_steps(tmp_path):
    model = Classifier()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def train():
        for number, (inputs, classes) in enumerate(batches(8)):
            cross_entropy(model(inputs), classes).backward()
            if number % 2:
                optimizer.step()
                optimizer.zero_grad()

    record = recorded(train, tmp_path / "run").record
    assert record.facts.steps == 4
    assert [optimizer.steps for optimizer in record.optimizers] == [4]


def test_gradients_taken_without_a_backward_are_seen(tmp_path):
    def train():
        weight = torch.ones(2, requires_grad=True)
        for _ in range(3):
            (gradient,) = torch.autograd.grad((weight**2).sum(), weight)
            weight = (weight - 0.1 * gradient).detach().requires_grad_()

    run = recorded(train, tmp_path / "run")
    assert run.events[["event", "count"]].values.tolist() == [["GradientsTaken", 3]]


def test_optimizer_that_is_built_and_never_steps_does_not_hide_a_hand_written_update(tmp_path):
    def train():
        model = Classifier()
        torch.optim.SGD(model.parameters(), lr=0.1)
        for inputs, classes in batches(4):
            cross_entropy(model(inputs), classes).backward()
            _in_place(list(model.parameters()))

    assert recorded(train, tmp_path / "run").record.facts.steps == 4
