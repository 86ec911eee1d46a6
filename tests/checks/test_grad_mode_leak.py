"""grad-mode-leak: gradients that were turned off and never on again, with a crash and in silence."""

from __future__ import annotations

import pytest

from gradprobe.record.record import IncidentSeen
from gradprobe.values import Crashed, Observation, RelatedSite, Severity, Site
from gradprobe_checks.grad_mode_leak import CHECK, ENOUGH
from tests.support.records import record

OFF = Site("/home/user/train.py", 8, "sample", "torch.set_grad_enabled(False)")
BACKWARD = Site("/home/user/train.py", 20, "main", "loss.backward()")
CLEARED = Site("/home/user/train.py", 19, "main", "optimizer.zero_grad()")


def off():
    detail = {"kind": "set_grad_enabled", "is_call": True, "step": 2}
    return Observation("gradients-off", OFF, (RelatedSite(BACKWARD, "backward"),), detail=detail)


def silent(times):
    detail = {"kind": "set_grad_enabled", "step": 2, "cleared": times}
    return Observation(
        "trains-without-gradients", OFF, (RelatedSite(CLEARED, "gradients cleared here"),), detail=detail
    )


def found(*observations, **changed):
    return list(CHECK.find(record({"net": ["w"]}, steps=3, observations=observations, **changed)))


def test_the_call_that_turned_them_off_is_named_where_backward_raised():
    text = "element 0 of tensors does not require grad"
    crash = Crashed(BACKWARD, "RuntimeError", text, "backward")
    ended = {"exception": f"RuntimeError: {text}", "exit_code": 1, "stopped_by": "exception"}
    (finding,) = found(
        off(), incidents=[IncidentSeen(crash, 3, 3, 1)], **ended
    )  # In the step after the three that were made.
    assert (finding.severity, finding.location) == (Severity.ERROR, OFF)
    assert "step 2" in finding.message


@pytest.mark.parametrize(("times", "said"), [(ENOUGH - 1, False), (ENOUGH, True)])
def test_in_silence_it_takes_gradients_that_are_cleared_again_and_again(times, said):
    findings = found(silent(times))
    assert [one.severity for one in findings] == ([Severity.WARNING] if said else [])


def test_one_line_is_told_once():
    assert len(found(off(), silent(64))) == 1
