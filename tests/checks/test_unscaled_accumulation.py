"""unscaled-accumulation: means of micro-batches that are summed before each step of SGD."""

from dataclasses import replace

import pytest

from gradprobe.values import Observation, RelatedSite, Severity, Site
from gradprobe_checks import unscaled_accumulation
from tests.support.records import SITE, record

BACKWARD = Site("/home/user/train.py", 20, "main", "loss.backward()")
MEAN = Site("/home/user/train.py", 19, "main", "loss = criterion(model(x), y)")


def run(times=4, kind="SGD", plain=(True,), steps=10, touched=0, seen=None):
    book = {"optimizer": 0, "steps": steps, "stale": 0, "empty": 0, "touched": touched}
    source = {"optimizer": 0, "used": steps * times, "discarded": 0, "foreign": 0, "least_at_once": 2}
    source["most_at_once"] = times
    observations = [
        Observation("gradient-book", SITE, detail=book, key="0"),
        Observation("gradients-of", BACKWARD, detail=source, key="0"),
        *(
            Observation(
                "accumulated-means",
                BACKWARD,
                (RelatedSite(MEAN, "mean taken here"),),
                detail={"times": seen or times, "plain": one},
                key=str(one),
            )
            for one in plain
        ),
    ]
    made = record({"net": ["weight"]}, steps=11, observations=observations)
    return list(unscaled_accumulation.find(replace(made, optimizers=(replace(made.optimizers[0], type=kind),))))


def test_names_the_backward_and_the_number():
    (finding,) = run()
    assert finding.location == BACKWARD
    assert finding.severity is Severity.WARNING
    assert "(loss / 4).backward()" in finding.fix
    assert [one.role for one in finding.related] == ["mean taken here", "optimizer step"]


@pytest.mark.parametrize("kind", ["Adam", "AdamW", "RMSprop", "Adagrad", "Lion", "LBFGS"])
def test_optimizers_that_do_not_mind_the_scale(kind):
    assert not run(kind=kind)


def test_gradients_that_are_written_to_before_the_step():
    assert not run(touched=1)  # Clipped, or divided by hand.


def test_losses_that_are_not_plain_means_throughout():
    assert not run(plain=(False,))
    assert not run(plain=(True, False))
    assert not run(plain=())
    assert not run(seen=2)  # Deep steps saw another number than the optimizer stepped with.


def test_boundaries():
    assert run(times=3)
    assert not run(times=2)
    assert run(steps=3)
    assert not run(steps=2)
