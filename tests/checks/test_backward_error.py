"""backward-error: what it says, and how bad it takes an exception to be."""

import pytest

from gradprobe.record.record import IncidentSeen
from gradprobe.values import Crashed, Severity, Site
from gradprobe_checks.backward_error import CHECK
from tests.support.records import record

SITE = Site("/home/user/train.py", 8, "train", "loss.backward()")
TWICE = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have been freed)."
)


def crash(message=TWICE, type="RuntimeError", during="backward"):
    return Crashed(SITE, type, message, during)


def found(run):
    return list(CHECK.find(run))


def test_is_an_error_at_the_line_of_backward_where_it_ended_the_run():
    [finding] = found(
        record(
            {"net": ["weight"]},
            steps=5,
            incidents=[crash()],
            exit_code=1,
            exception=f"RuntimeError: {TWICE}",
            stopped_by="exception",
        )
    )

    assert finding.severity is Severity.ERROR
    assert finding.location == SITE
    assert finding.title == "backward() raised RuntimeError"
    assert finding.message == f"RuntimeError: {TWICE}"
    assert finding.not_this.startswith("retain_graph=True")


def test_in_the_very_first_step_too():
    [finding] = found(record(incidents=[crash()], exit_code=1, exception="RuntimeError: x", stopped_by="exception"))

    assert finding.severity is Severity.ERROR


def test_is_an_error_while_the_run_stands_still_there():
    [finding] = found(record({"net": ["weight"]}, steps=5, incidents=[crash()], exit_code=None, stopped_by=None))

    assert finding.severity is Severity.ERROR


def test_is_a_remark_where_the_script_trained_on():
    seen = IncidentSeen(crash("CUDA out of memory."), 3, 3, 1)

    [finding] = found(record({"net": ["weight"]}, steps=5, incidents=[seen]))

    assert finding.severity is Severity.INFO
    assert finding.message.endswith("The script caught it and trained on.")
    assert finding.first_step == 3


def test_is_a_warning_where_the_script_caught_it_and_ended_well():
    [finding] = found(record({"net": ["weight"]}, steps=5, incidents=[crash()]))

    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("message", "veto"),
    [
        ("element 0 of tensors does not require grad and does not have a grad_fn", "requires_grad_()"),
        ("one of the variables needed for gradient computation has been modified by an inplace operation", "clone()"),
        (TWICE, "retain_graph=True"),
        ("CUDA out of memory. Tried to allocate 2 GiB", "empty_cache"),
        ("grad can be implicitly created only for scalar outputs", ""),
    ],
)
def test_warns_of_the_popular_wrong_fix(message, veto):
    [finding] = found(record(incidents=[crash(message)], exit_code=1))

    assert (veto in finding.not_this) if veto else finding.not_this == ""


@pytest.mark.parametrize("during", ["optimizer step", "script"])
def test_quiet_about_exceptions_elsewhere(during):
    assert not found(record(incidents=[crash(during=during)], exit_code=1))


def test_quiet_about_an_interruption_by_the_user():
    assert not found(record(incidents=[crash("", "KeyboardInterrupt")], exit_code=130, stopped_by="signal"))


def test_quiet_on_an_empty_record():
    assert not found(record())
