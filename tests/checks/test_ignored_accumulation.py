"""ignored-accumulation: losses that accelerate divides, and an optimizer that does not wait for all of them."""

import pytest

from gradprobe.values import Observation, RelatedSite, Severity, Site
from gradprobe_checks import ignored_accumulation
from tests.support.records import SITE, record

BACKWARD = Site("/home/user/train.py", 20, "main", "accelerator.backward(loss)")
PREPARED = Site("/home/user/train.py", 8, "main", "model = accelerator.prepare(model)")


def run(*, parts=4, at_once=1, used=10, accumulate=True, early=True):
    book = {"optimizer": 0, "steps": 10, "stale": 0, "empty": 0, "touched": 0}
    source = {"optimizer": 0, "used": used, "discarded": 0, "foreign": 0, "most_at_once": at_once}
    step = {"optimizer": 0, "steps": 8}
    observations = [
        Observation("gradient-book", SITE, detail=book, key="0"),
        Observation("gradients-of", BACKWARD, detail=source, key="0"),
        Observation("divided-loss", BACKWARD, detail={"parts": parts, "accumulate": accumulate}),
    ]
    if early:
        related = (RelatedSite(PREPARED, "prepared here"),)
        observations.append(Observation("step-out-of-turn", SITE, related, detail=step, key="0"))
    return list(ignored_accumulation.find(record({"net": ["weight"]}, steps=11, observations=observations)))


def test_an_optimizer_that_was_not_prepared_is_to_be_named_where_others_are():
    (finding,) = run()
    assert (finding.location, finding.severity) == (PREPARED, Severity.ERROR)
    assert "1/4 of the gradient" in finding.message
    assert "prepare" in finding.fix


def test_a_loop_that_never_accumulates_is_named_at_its_backward():
    (finding,) = run(accumulate=False, early=False)
    assert finding.location == BACKWARD
    assert "accelerator.accumulate(model)" in finding.fix


@pytest.mark.parametrize(
    "case",
    [
        {"at_once": 4},  # As many as the loss was divided by.
        {"used": 2},  # Too few to say.
        {"early": False},  # Prepared, and accumulating: a short loader ends each accumulation.
        {"accumulate": False, "early": False, "at_once": 4},  # Counted by the loop itself.
    ],
)
def test_says_nothing_where_the_steps_are_what_was_meant(case):
    assert not run(**case)


@pytest.mark.parametrize(("used", "count"), [(3, 1), (2, 0)])
def test_from_three_backwards_on(used, count):
    assert len(run(used=used)) == count
