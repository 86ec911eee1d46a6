"""eval-left-on: a module is trained on in evaluation mode because nothing undid an eval()."""

from gradprobe.values import Observation, RelatedSite, Severity, Site
from gradprobe_checks import eval_left_on
from tests.support.records import record

EVAL = Site("/home/user/train.py", 20, "validate", "model.eval()")
BACKWARD = Site("/home/user/train.py", 40, "main", "loss.backward()")


def run(backwards: int, calls: int = 2):
    detail = {
        "module": "Net",
        "layers": "Dropout",
        "backwards": backwards,
        "calls": calls,
        "first_step": 4,
        "last_step": 9,
    }
    seen = Observation("eval-left-on", EVAL, (RelatedSite(BACKWARD, "backward"),), ("net.weight",), detail)
    return list(eval_left_on.find(record({"net": ["weight"]}, steps=10, observations=[seen])))


def test_names_the_eval_that_nothing_undid():
    (finding,) = run(6)
    assert finding.location == EVAL
    assert finding.severity is Severity.ERROR
    assert finding.modules == ("net",)
    assert "eval" in finding.title
    assert finding.first_step == 4


def test_a_single_call_may_be_a_second_phase():
    assert run(6, calls=1)[0].severity is Severity.WARNING


def test_two_backwards_are_too_few():
    assert not run(2)
    assert run(3)


def test_nothing_without_the_observation():
    assert not list(eval_left_on.find(record({"net": ["weight"]}, steps=10)))
