"""non-finite-gradient: what it says, when it keeps quiet, and where its thresholds lie."""

import pytest

from gradprobe.values import Backward, Confidence, ScalerCall, Severity, Site
from gradprobe.values.step import NO_GRADIENT, NOT_LOOKED_AT
from gradprobe_checks.non_finite_gradient import CHECK
from tests.support.records import record

NAN, INF = float("nan"), float("inf")
SITE = Site("/home/user/train.py", 8, "<module>", "loss.backward()")
TWO = {"body": ["weight"], "head": ["weight"]}


def found(run):
    return list(CHECK.find(run))


def test_is_an_error_where_the_loss_is_lost_too_and_names_the_first_parameter_and_step():
    head = [1.0] * 4 + [INF] + [NAN] * 5
    body = [1.0] * 6 + [NAN] * 4
    loss = [2.0] * 5 + [NAN] * 5

    [finding] = found(
        record(TWO, {"head.weight": head, "body.weight": body}, {"loss": loss}, calls=[Backward(SITE, "loss")])
    )

    assert finding.severity is Severity.ERROR
    assert finding.confidence is Confidence.CERTAIN
    assert finding.parameters == ("head.weight", "body.weight")
    assert finding.modules == ("head", "body")
    assert (finding.first_step, finding.last_step) == (4, 9)
    assert "head.weight, in step 4" in finding.message
    assert "loss is not finite in any step after that" in finding.message
    assert [end.site for end in finding.related] == [SITE]


def test_is_a_warning_where_the_loss_is_still_finite():
    [finding] = found(record(TWO, {"head.weight": [1.0] * 7 + [NAN] * 3}, {"loss": [1.0] * 10}))

    assert finding.severity is Severity.WARNING
    assert finding.confidence is Confidence.LIKELY


def test_a_loss_that_was_finite_once_after_that_is_not_lost():
    loss = [1.0] * 5 + [NAN] * 4 + [1.0]

    [finding] = found(record(TWO, {"head.weight": [1.0] * 4 + [NAN] * 6}, {"loss": loss}))

    assert finding.severity is Severity.WARNING


def test_says_that_the_order_within_a_step_is_not_known():
    [finding] = found(record(TWO, {"head.weight": [1.0] + [NAN] * 3, "body.weight": [1.0] + [NAN] * 3}))

    assert "body.weight (with 1 more in the same step), in step 1" in finding.message


@pytest.mark.parametrize(("bad", "count"), [(2, 0), (3, 1)])
def test_says_nothing_before_three_steps_in_a_row(bad, count):
    assert len(found(record(TWO, {"head.weight": [1.0] * 5 + [NAN] * bad}))) == count


def test_quiet_about_a_spike_that_passed():
    assert not found(record(TWO, {"head.weight": [1.0, NAN, NAN, NAN, NAN, 1.0]}))


def test_steps_in_which_its_optimizer_did_not_step_do_not_interrupt():
    norms = [1.0, NAN, NOT_LOOKED_AT, NAN, NOT_LOOKED_AT, NAN, NOT_LOOKED_AT]

    [finding] = found(record(TWO, {"head.weight": norms}))

    assert finding.first_step == 1


def test_an_absent_gradient_is_finite():
    assert not found(record(TWO, {"head.weight": [NAN, NAN, NAN, NO_GRADIENT]}))


@pytest.mark.parametrize(("bad", "count"), [(19, 0), (20, 1)])
def test_a_scaler_has_twenty_steps_to_find_its_scale(bad, count):
    run = record(TWO, {"head.weight": [INF] * bad}, {"loss": [1.0] * bad}, calls=[ScalerCall(SITE, "scale")])

    assert len(found(run)) == count


def test_a_scaler_does_not_excuse_a_lost_loss():
    run = record(TWO, {"head.weight": [INF] * 4}, {"loss": [NAN] * 4}, calls=[ScalerCall(SITE, "scale")])

    assert found(run)[0].severity is Severity.ERROR


def test_a_logged_metric_is_no_loss():
    [finding] = found(record(TWO, {"head.weight": [NAN] * 4}, logged={"ratio": [NAN] * 4}))

    assert finding.severity is Severity.WARNING


def test_quiet_on_an_empty_record():
    assert not found(record())
