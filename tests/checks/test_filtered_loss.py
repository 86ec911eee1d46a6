"""filtered-loss, and the sentence that other findings have in its place."""

import dataclasses

import pytest

from gradprobe.engine.judge import judge
from gradprobe.extensions import load_checks
from gradprobe.policy import load_policy
from gradprobe.values import Observation, Severity, Site
from gradprobe_checks.filtered_loss import CHECK
from gradprobe_checks.non_finite_gradient import CHECK as GRADIENT
from tests.support.records import record

NAN = float("nan")
SITE = Site("/home/user/train.py", 8, "main", "arguments = TrainingArguments(")
FILTER = Observation("filtered-log", SITE, detail={"setting": "logging_nan_inf_filter"})


def run(losses, logged, norms=(1.0,), observations=(FILTER,)):
    """Return a record of a run under transformers: the losses that were backpropagated, and the ones in its log."""
    made = record(
        {"net": ["weight"]},
        {"net.weight": [*norms, *[1.0] * (len(losses) - len(norms))]},
        {"loss at backward": losses},
        logged={"loss": logged},
        observations=observations,
    )
    metrics = {**made.metrics, "loss": dataclasses.replace(made.metrics["loss"], source="transformers")}
    return dataclasses.replace(made, metrics=metrics)


def test_names_the_steps_whose_loss_the_log_hides():
    [finding] = CHECK.find(run([1.0, NAN, 1.0, NAN], [1.0, 1.0, 1.0, 1.0]))

    assert "NaN or infinite in step 1, 3" in finding.message
    assert "logging_nan_inf_filter" in finding.message
    assert (finding.first_step, finding.last_step, finding.location) == (1, 3, SITE)
    assert finding.severity is Severity.INFO


def test_is_a_warning_where_an_optimizer_stepped_with_it():
    [finding] = CHECK.find(run([1.0, NAN, 1.0], [1.0] * 3, norms=(1.0, NAN, 1.0)))

    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("losses", "logged", "observations"),
    [
        ([1.0, 2.0], [1.0, 2.0], (FILTER,)),  # All is finite.
        ([1.0, NAN], [1.0, NAN], (FILTER,)),  # The log says so.
        ([1.0, NAN], [1.0, 1.0], ()),  # No such filter.
    ],
)
def test_says_nothing_where_nothing_is_hidden(losses, logged, observations):
    assert not list(CHECK.find(run(losses, logged, observations=observations)))


def test_gives_way_to_the_finding_of_the_gradient_which_says_so_too():
    lost = run([1.0, 1.0, *[NAN] * 5], [1.0] * 7, norms=(1.0, 1.0, *[NAN] * 5))

    assert not list(CHECK.find(lost))
    [finding] = GRADIENT.find(lost)
    assert "The Trainer's log does not show it: logging_nan_inf_filter is on (line 8)" in finding.message


def test_the_report_lists_the_loss_that_the_log_hides():
    report = judge(run([1.0, NAN, 1.0], [1.0] * 3), load_policy("default"), load_checks())
    assert [one.name for one in report.metrics] == ["loss at backward", "loss"]

    report = judge(run([1.0, 1.5, 1.0], [1.0] * 3), load_policy("default"), load_checks())
    assert [one.name for one in report.metrics] == ["loss"]
