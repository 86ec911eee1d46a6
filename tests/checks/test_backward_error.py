"""backward-error: what it says, and how bad it takes an exception to be."""

import subprocess
import sys

import pytest

from gradprobe.record.record import IncidentSeen
from gradprobe.values import Crashed, Severity, Site
from gradprobe.values.step import NO_GRADIENT
from gradprobe_checks.backward_error import CHECK
from tests.support.documents import report_in
from tests.support.records import record

SITE = Site("/home/user/train.py", 8, "train", "loss.backward()")
TWICE = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have been freed)."
)


def crash(message=TWICE, type="RuntimeError", during="backward"):
    return Crashed(SITE, type, message, during)


def at(step, one=None):
    """An exception in the making of a step; the recorder gives it the number that the next step to be made will have."""
    return IncidentSeen(one or crash(), step, step, 1)


def found(run):
    return list(CHECK.find(run))


def test_is_an_error_at_the_line_of_backward_where_it_ended_the_run():
    [finding] = found(
        record(
            {"net": ["weight"]},
            steps=5,
            incidents=[at(5)],
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
    [finding] = found(record(incidents=[at(0)], exit_code=1, exception="RuntimeError: x", stopped_by="exception"))

    assert finding.severity is Severity.ERROR


def test_is_an_error_while_the_run_stands_still_there():
    [finding] = found(record({"net": ["weight"]}, steps=5, incidents=[at(5)], exit_code=None, stopped_by=None))

    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize(("step", "severity"), [(3, "info"), (4, "info"), (5, "warning")])
def test_is_a_remark_where_one_step_or_more_followed(step, severity):
    """Of steps 0 to 4: after a failure in 3 came two, after one in 4 came one (it has the same number), after 5 none."""
    [finding] = found(record({"net": ["weight"]}, steps=5, incidents=[at(step, crash("CUDA out of memory."))]))

    assert finding.severity is Severity(severity)
    assert finding.message.endswith("The script caught it and trained on.") == (severity == "info")
    assert finding.first_step == step


@pytest.mark.parametrize(("norm", "severity"), [(NO_GRADIENT, "warning"), (0.0, "warning"), (0.5, "info")])
def test_a_step_without_a_gradient_after_it_is_no_training(norm, severity):
    """The script swallows the exception and steps its optimizer, in every step: the last failure and step are number 4."""
    swallowed = IncidentSeen(crash(), 0, 4, 5)

    [finding] = found(record({"net": ["weight"]}, {"net.weight": norm}, steps=5, incidents=[swallowed]))

    assert finding.severity is Severity(severity)


def test_a_later_end_by_another_exception_of_the_same_class_is_not_its_own():
    failed = {"exit_code": 1, "exception": "RuntimeError: DataLoader worker exited", "stopped_by": "exception"}

    [finding] = found(record({"net": ["weight"]}, steps=5, incidents=[at(2)], **failed))

    assert finding.severity is Severity.INFO


def test_is_a_warning_where_a_signal_ended_the_run_after_it():
    run = record({"net": ["weight"]}, steps=5, incidents=[at(5)], exit_code=143, stopped_by="signal")

    assert [finding.severity for finding in found(run)] == [Severity.WARNING]


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


@pytest.mark.parametrize("name", ["KeyboardInterrupt", "SystemExit", "GeneratorExit"])
def test_quiet_about_an_end_on_purpose(name):
    assert not found(record(incidents=[at(0, crash("", name))], exit_code=130, stopped_by="signal"))


FAILING = """
import torch

class Failing(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value):
        return value.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise torch.OutOfMemoryError("CUDA out of memory.")

model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters())
for batch in range({batches}):
    optimizer.zero_grad()
    loss = model(torch.ones(1, 2)).sum()
    if batch == 3:
        loss = Failing.apply(loss)
    try:
        loss.backward()
    except torch.OutOfMemoryError:
        continue
    optimizer.step()
"""


@pytest.mark.parametrize(("batches", "severity", "verdict"), [(4, "warning", "warning"), (5, "info", "healthy")])
def test_real_runs_at_the_boundary(tmp_path, batches, severity, verdict):
    """Batch 3 fails after three steps: with four batches nothing follows, with five it is one step, of number 3."""
    (tmp_path / "train.py").write_text(FAILING.format(batches=batches))
    command = [sys.executable, "-m", "gradprobe", "run", "--quiet", "--report", "out.json", "train.py"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)

    report = report_in(tmp_path / "out.json")
    [finding] = report["findings"]
    [flag] = [flag for flag in report["flags"] if flag["name"] == "backward-works"]

    assert (finding["check"], finding["first_step"], finding["severity"]) == ("backward-error", 3, severity)
    assert flag["colour"] == {"warning": "amber", "info": "grey"}[severity]
    assert report["verdict"] == verdict


def test_quiet_on_an_empty_record():
    assert not found(record())
