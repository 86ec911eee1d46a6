"""Which step a call, a loss or a metric belongs to."""

from __future__ import annotations

import torch
from torch import nn

import gradprobe
from gradprobe.values import Backward, OptimizerStep, ZeroGrad
from tests.support.training import Classifier, batches, recorded

cross_entropy = nn.functional.cross_entropy


def _kinds(record, row):
    return [type(record.calls[position].call) for position in record.patterns[record.steps.pattern[row]]]


def test_gan_shares_a_step_between_its_optimizers(tmp_path):
    def train():
        generator, discriminator = nn.Linear(2, 2), nn.Linear(2, 1)
        slow = torch.optim.Adam(generator.parameters())
        fast = torch.optim.Adam(discriminator.parameters())
        for _ in range(3):
            fake = generator(torch.randn(4, 2))
            fast.zero_grad()
            d_loss = discriminator(fake.detach()).mean()
            d_loss.backward()
            fast.step()
            slow.zero_grad()
            g_loss = -discriminator(fake).mean()
            g_loss.backward()
            slow.step()

    record = recorded(train, tmp_path / "run").record
    assert record.facts.steps == 3
    assert [optimizer.steps for optimizer in record.optimizers] == [3, 3]
    assert _kinds(record, 1) == [ZeroGrad, Backward, OptimizerStep] * 2
    assert {name: len(metric.values) for name, metric in record.metrics.items()} == {"d_loss": 3, "g_loss": 3}


def test_micro_batches_belong_to_the_step_that_consumes_them(tmp_path):
    def train():
        model = Classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for number, (inputs, classes) in enumerate(batches(8)):
            loss = cross_entropy(model(inputs), classes) * 0 + float(number)
            loss.backward()
            if number % 4 == 3:
                optimizer.step()
                optimizer.zero_grad()

    record = recorded(train, tmp_path / "run").record
    assert record.facts.steps == 2
    assert _kinds(record, 0) == [Backward] * 4 + [OptimizerStep]
    # The mean of the micro-batches' losses: (0 + 1 + 2 + 3) / 4, (4 + 5 + 6 + 7) / 4.
    assert record.metrics["loss"].values.tolist() == [1.5, 5.5]


def test_models_trained_one_after_another_do_not_share_steps(tmp_path):
    def train():
        for _ in range(2):
            model = Classifier()
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for inputs, classes in batches(5):
                optimizer.zero_grad()
                loss = cross_entropy(model(inputs), classes)
                loss.backward()
                optimizer.step()

    record = recorded(train, tmp_path / "run").record
    assert sum(optimizer.steps for optimizer in record.optimizers) == 10
    assert record.facts.steps in (9, 10)  # The first step of the second model may share the last step of the first.


def test_optimizers_made_anew_in_every_step_do_not_grow_the_record(tmp_path):
    def train():
        for inputs, classes in batches(30):
            learner = Classifier()
            inner = torch.optim.SGD(learner.parameters(), lr=0.1)
            cross_entropy(learner(inputs), classes).backward()
            inner.step()

    record = recorded(train, tmp_path / "run").record
    assert len(record.optimizers) <= 2
    assert len(record.parameters) <= 8
    assert max(parameter.objects for parameter in record.parameters) >= 15


def _logged(where):
    def train():
        model = Classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for number, (inputs, classes) in enumerate(batches(4)):
            optimizer.zero_grad()
            loss = cross_entropy(model(inputs), classes)
            if where == "before backward":
                gradprobe.log(number=number)
            loss.backward()
            if where == "before step":
                gradprobe.log(number=number)
            optimizer.step()
            if where == "after step":
                gradprobe.log(number=torch.tensor(number))

    return train


def test_a_metric_belongs_to_its_step_wherever_the_loop_logs_it(tmp_path):
    for where in ("before backward", "before step", "after step"):
        metric = recorded(_logged(where), tmp_path / where.replace(" ", "-")).record.metrics["number"]
        assert (metric.steps.tolist(), metric.values.tolist()) == ([0, 1, 2, 3], [0, 1, 2, 3]), where


def test_what_is_no_number_is_passed_over(tmp_path):
    def train():
        model = Classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for inputs, classes in batches(2):
            cross_entropy(model(inputs), classes).backward()
            optimizer.step()
            gradprobe.log(word="high", several=torch.ones(3), none=None, number=1, nan=float("nan"))

    record = recorded(train, tmp_path / "run").record
    assert {name for name, metric in record.metrics.items() if len(metric.values)} == {"loss", "number", "nan"}
    assert str(record.metrics["nan"].values.tolist()) == "[nan, nan]"


def test_log_does_nothing_where_nothing_records():
    gradprobe.log(anything=object())


def test_max_batches_ends_the_block_after_so_many_steps(tmp_path):
    reached = []

    def train():
        model = Classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
        try:
            for number, (inputs, classes) in enumerate(batches(10)):
                optimizer.zero_grad()
                cross_entropy(model(inputs), classes).backward()
                optimizer.step()
                scheduler.step()
                reached.append(number)
        except Exception:
            reached.append("caught")
        finally:
            reached.append("finally")

    run = recorded(train, tmp_path / "run", max_batches=3)
    assert reached == [0, 1, 2, "finally"]
    assert (run.facts.steps, run.facts.stopped_by, run.facts.exit_code) == (3, "max-batches", 0)
    assert (
        run.events.set_index("event")["count"]["SchedulerStep"] == 3
    )  # What follows the last optimizer step still ran.


def test_learning_rates_and_scheduler(tmp_path):
    def train():
        model = Classifier()
        optimizer = torch.optim.SGD(
            [
                {"params": model.encoder.parameters(), "lr": 1.0},
                {"params": model.head.parameters(), "lr": torch.tensor(0.5)},
            ]
        )
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
        for inputs, classes in batches(3):
            optimizer.zero_grad()
            cross_entropy(model(inputs), classes).backward()
            optimizer.step()
            scheduler.step()

    record = recorded(train, tmp_path / "run").record
    assert record.steps.learning_rates.tolist() == [[1.0, 0.5], [0.5, 0.25], [0.25, 0.125]]
    # Constructors of schedulers step once by themselves; that is no call of the script's.
    assert [seen.count for seen in record.calls if type(seen.call).__name__ == "SchedulerStep"] == [3]


def test_parameter_of_two_optimizers_that_step_in_turn_keeps_the_gradient_of_either(tmp_path):
    def train():
        body, left, right = nn.Linear(2, 2), nn.Linear(2, 1), nn.Linear(2, 1)
        both = [*body.parameters(), *left.parameters(), *right.parameters()]
        optimizers = torch.optim.SGD(both, lr=0.1), torch.optim.SGD(both, lr=0.1)
        for _ in range(4):
            for optimizer, head in zip(optimizers, (left, right), strict=True):
                optimizer.zero_grad()
                head(body(torch.ones(3, 2))).pow(2).mean().backward()
                optimizer.step()

    run = recorded(train, tmp_path / "run").record
    assert {one.name: one.counts.flowing for one in run.parameters if one.name.startswith("left")} == {
        "left.weight": 4,
        "left.bias": 4,
    }
