"""target-dtype: named where the argument got its dtype, and only where that ended the run."""

from gradprobe.values import Confidence, Crashed, Observation, RelatedSite, Severity, Site
from gradprobe_checks.target_dtype import CHECK
from tests.support.records import record

MADE = Site("/home/user/train.py", 4, "<module>", "y = y.float()")
CALL = Site("/home/user/train.py", 9, "<module>", "loss = F.cross_entropy(model(x), y)")
DETAIL = {
    "operation": "cross_entropy",
    "argument": "target",
    "found": "float32 (float)",
    "expected": "int64 (long) class indices",
    "kind": "dtype",
    "by": "float",
}
REFUSED = Observation("argument-refused", MADE, (RelatedSite(CALL, "raised here"),), detail=DETAIL)
CRASH = Crashed(CALL, "RuntimeError", "expected scalar type Long but found Float", "script")


def found(observation=REFUSED, crash=CRASH, exception="RuntimeError: expected scalar type Long"):
    return list(CHECK.find(record(observations=[observation], incidents=[crash], exception=exception, exit_code=1)))


def test_names_the_line_that_made_the_target_a_float():
    [finding] = found()
    assert (finding.location, finding.severity, finding.confidence) == (MADE, Severity.ERROR, Confidence.CERTAIN)
    assert "expects int64 (long) class indices" in finding.message
    assert ".long()" in finding.fix


def test_is_quiet_where_the_script_caught_it():
    assert not found(exception=None)


def test_is_quiet_where_another_line_ended_the_run():
    other = Crashed(Site("/home/user/train.py", 20), "RuntimeError", "out of memory", "script")
    assert not found(crash=other)


def test_a_shape_is_less_certain():
    detail = {**DETAIL, "kind": "shape", "found": "(8, 1)", "expected": "(8,)"}
    [finding] = found(Observation("argument-refused", MADE, (RelatedSite(CALL, "raised here"),), detail=detail))
    assert finding.confidence is Confidence.LIKELY
    assert "(8,)" in finding.fix
