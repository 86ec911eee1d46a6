"""missing-zero-grad: steps with gradients that an earlier step has used already."""

from gradprobe.values import Observation, Severity
from gradprobe_checks import missing_zero_grad
from tests.support.records import SITE, record


def run(stale, steps=10, optimizer=0):
    book = {"optimizer": optimizer, "steps": steps, "stale": stale, "empty": 0}
    seen = Observation("gradient-book", SITE, detail=book, key=str(optimizer))
    unowned = ("net",) if optimizer < 0 else ()
    norms = {"net.weight": 1.0}
    made = record({"net": ["weight"]}, norms=norms, unowned=unowned, steps=10, observations=[seen])
    return list(missing_zero_grad.find(made))


def test_nearly_all_steps_is_an_error_half_a_warning():
    assert run(9)[0].severity is Severity.ERROR
    assert run(8)[0].severity is Severity.WARNING
    assert run(5)[0].severity is Severity.WARNING
    assert not run(4)
    assert not run(2, steps=2)


def test_updates_by_hand():
    (finding,) = run(9, optimizer=-1)
    assert finding.location == SITE
    assert "the script updated by hand" in finding.message
    assert "p.grad = None" in finding.fix
