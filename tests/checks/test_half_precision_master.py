"""half-precision-master: a refusal that ended the run, an epsilon that is lost, and halves that do no harm."""

from gradprobe.values import Crashed, Observation, Severity, Site
from gradprobe_checks.half_precision_master import CHECK
from tests.support.records import record

MADE = Site("/home/user/train.py", 4, "<module>", "model.half()")
STEP = Site("/home/user/train.py", 9, "<module>", "scaler.step(optimizer)")
MODULES = {"model": ["weight"]}


def half(dtype="float16", *, scaler=True, epsilon=0.0):
    detail = {"dtype": dtype, "by": "half", "scaler": scaler, "elements": 4, "epsilon": epsilon}
    return Observation("half-parameters", MADE, parameters=("model.weight",), detail=detail, key=dtype)


def found(observation, norms=1.0, **options):
    run = record(MODULES, {"model.weight": norms}, steps=4, observations=[observation], **options)
    return list(CHECK.find(run))


def test_a_refused_gradient_that_ended_the_run_is_an_error_at_the_line_that_made_it_half():
    crash = Crashed(STEP, "ValueError", "Attempting to unscale FP16 gradients.", "optimizer step")
    [finding] = found(half(), incidents=[crash], exception="ValueError: Attempting", exit_code=1)
    assert (finding.severity, finding.location) == (Severity.ERROR, MADE)
    assert "line 9" in finding.message


def test_another_exception_is_none_of_its_business():
    crash = Crashed(STEP, "RuntimeError", "out of memory", "optimizer step")
    assert not found(half(), incidents=[crash], exception="RuntimeError: out of memory", exit_code=1)


def test_a_lost_epsilon_is_an_error_once_gradients_were_not_finite():
    [finding] = found(half(epsilon=1e-8), norms=float("nan"))
    assert (finding.severity, finding.location) == (Severity.ERROR, MADE)
    assert "1e-08" in finding.message


def test_halves_that_train_are_quiet():
    assert not found(half(epsilon=1e-8))
    assert not found(half("bfloat16"), norms=float("nan"))
