"""missing-gradient: what it says, when it keeps quiet, and where its thresholds lie."""

from dataclasses import replace

import pytest

from gradprobe.values import Backward, Confidence, OptimizerStep, Severity, Site
from gradprobe.values.step import NO_GRADIENT, NOT_LOOKED_AT
from gradprobe_checks.missing_gradient import CHECK
from tests.support.records import record

BACKWARD = Backward(Site("/home/user/train.py", 8, "<module>", "loss.backward()"), "loss")
STEP = OptimizerStep(Site("/home/user/train.py", 9, "<module>", "optimizer.step()"), 0)
TWO = {"qwen": ["weight", "bias"], "agent": ["weight"]}
CUT = {"qwen.weight": NO_GRADIENT, "qwen.bias": NO_GRADIENT}


def found(run):
    return list(CHECK.find(run))


def with_second_optimizer(run, root):
    """The same run, with the parameters of one root in an optimizer of their own."""
    parameters = tuple(
        replace(one, optimizer=1, group=1) if one.name.startswith(f"{root}.") else one for one in run.parameters
    )
    second = replace(run.optimizers[0], number=1)
    return replace(run, parameters=parameters, optimizers=(*run.optimizers, second), groups=(0, 1))


def test_names_the_root_that_never_had_a_gradient_beside_one_that_had():
    [finding] = found(record(TWO, CUT, steps=100, calls=[BACKWARD, STEP]))

    assert finding.severity is Severity.WARNING
    assert finding.confidence is Confidence.LIKELY
    assert finding.modules == ("qwen",)
    assert finding.parameters == ("qwen.weight", "qwen.bias")
    assert finding.location is None
    assert "line cannot be named" in finding.message
    assert (finding.first_step, finding.last_step) == (0, 99)
    assert [(end.role, end.site.line) for end in finding.related] == [
        ("backward", 8),
        ("optimizer built here", 1),
        ("optimizer step", 9),
    ]


def test_two_roots_behind_the_same_cut_are_one_finding():
    modules = {"qwen": ["weight"], "policy": ["weight"], "agent": ["weight"]}
    norms = {"qwen.weight": NO_GRADIENT, "policy.weight": NO_GRADIENT}

    [finding] = found(record(modules, norms, steps=100, calls=[BACKWARD]))

    assert finding.modules == ("qwen", "policy")
    assert finding.title == "no gradient reaches qwen and policy"


@pytest.mark.parametrize(("steps", "severity"), [(99, Severity.INFO), (100, Severity.WARNING)])
def test_beside_others_of_its_optimizer_it_is_a_warning_from_100_steps(steps, severity):
    [finding] = found(record(TWO, CUT, steps=steps, calls=[BACKWARD]))

    assert finding.severity is severity


@pytest.mark.parametrize(("steps", "severity"), [(10, Severity.INFO), (11, Severity.WARNING)])
def test_with_an_optimizer_of_its_own_it_is_a_warning_after_ten_steps_of_a_run_that_came_to_its_end(steps, severity):
    [finding] = found(with_second_optimizer(record(TWO, CUT, steps=steps, calls=[BACKWARD]), "qwen"))

    assert finding.severity is severity
    assert ("turn has not come yet" in finding.message) == (severity is Severity.INFO)


@pytest.mark.parametrize("stopped_by", ["max-batches", "signal", "exception", None])
@pytest.mark.parametrize(("steps", "severity"), [(11, Severity.INFO), (99, Severity.INFO), (100, Severity.WARNING)])
def test_in_a_run_that_was_cut_short_its_turn_may_have_been_to_come(stopped_by, steps, severity):
    """A discriminator that is stepped in every iteration and trained from the second epoch on."""
    run = record(TWO, CUT, steps=steps, calls=[BACKWARD], stopped_by=stopped_by)

    [finding] = found(with_second_optimizer(run, "qwen"))

    assert finding.severity is severity
    assert ("turn has not come yet" in finding.message) == (severity is Severity.INFO)


@pytest.mark.parametrize(("steps", "count"), [(2, 0), (3, 1)])
def test_says_nothing_before_three_steps(steps, count):
    assert len(found(record(TWO, CUT, steps=steps, calls=[BACKWARD]))) == count


def test_without_any_backward_it_is_only_a_remark_for_zeroth_order_methods_have_none():
    [finding] = found(record({"model": ["weight"]}, {"model.weight": NO_GRADIENT}, steps=500))

    assert finding.severity is Severity.INFO
    assert "No call of backward()" in finding.message


def test_quiet_where_one_step_brought_a_gradient():
    once = [NO_GRADIENT] * 199 + [0.5]

    assert not found(record(TWO, {"qwen.weight": once, "qwen.bias": NO_GRADIENT}, calls=[BACKWARD]))


def test_quiet_where_the_gradient_is_zero_for_that_is_another_matter():
    assert not found(record(TWO, {"qwen.weight": 0.0, "qwen.bias": NO_GRADIENT}, steps=200, calls=[BACKWARD]))


@pytest.mark.parametrize("reason", ["frozen", "unowned"])
def test_quiet_where_no_gradient_is_due(reason):
    assert not found(record(TWO, steps=200, calls=[BACKWARD], **{reason: ["qwen"]}))


def test_quiet_where_its_optimizer_has_not_stepped():
    late = {"qwen.weight": NOT_LOOKED_AT, "qwen.bias": NOT_LOOKED_AT}

    assert not found(record(TWO, late, steps=1000, calls=[BACKWARD]))


def test_a_word_and_no_accusation_about_a_part_of_a_module_that_has_gradients():
    # A pooler that no loss uses, or the encoder behind a stray no_grad: norms alone do not tell.
    modules = {"bert": [], "bert.layer": ["weight"], "bert.pooler": [], "bert.pooler.dense": ["weight"]}
    part = {"bert.pooler.dense.weight": NO_GRADIENT}

    [finding] = found(record(modules, part, steps=500, calls=[BACKWARD]))
    assert (finding.severity, finding.modules) == (Severity.INFO, ("bert.pooler",))
    assert not found(record(modules, part, steps=10, calls=[BACKWARD]))
    assert found(record(modules, part, steps=11, calls=[BACKWARD]))


def test_an_expert_at_rest_in_a_list_is_no_accusation():
    experts = {"experts.0": ["weight"], "experts.1": ["weight"]}

    [finding] = found(record(experts, {"experts.1.weight": NO_GRADIENT}, steps=500, calls=[BACKWARD]))
    assert (finding.severity, finding.modules) == (Severity.INFO, ("experts.1",))


def test_a_frozen_part_does_not_hide_what_is_missing_in_the_rest():
    [finding] = found(record(TWO, {"qwen.bias": NO_GRADIENT}, steps=200, frozen=["qwen.weight"], calls=[BACKWARD]))

    assert finding.parameters == ("qwen.bias",)
    assert "the one parameter of qwen" in finding.message


def test_quiet_on_an_empty_record():
    assert not found(record())
