"""clip-without-effect: clipping that limits nothing an optimizer steps with."""

from gradprobe.values import Observation, Severity, Site
from gradprobe_checks import clip_without_effect
from tests.support.records import record

CLIP = Site("/home/user/train.py", 34, "main", "clip_grad_norm_(dis.parameters(), 1.0)")


def run(fresh=10, used=0, none=0, useful=0, lost=0):
    detail = {"fresh": fresh, "used": used, "none": none, "useful": useful, "lost": lost}
    made = record({"net": ["weight"]}, steps=10, observations=[Observation("clip-book", CLIP, detail=detail)])
    return list(clip_without_effect.find(made))


def test_another_networks_gradients():
    (finding,) = run(lost=8)
    assert finding.location == CLIP
    assert finding.severity is Severity.WARNING
    assert "another optimizer's parameters" in finding.message


def test_boundaries_of_another_networks_gradients():
    assert not run(lost=7)  # Of ten: eight in ten are wanted.
    assert run(fresh=3, lost=3)
    assert not run(fresh=2, lost=2)
    assert not run(lost=10, useful=1)


def test_before_backward_and_after_the_step():
    assert "before" in run(fresh=0, none=3)[0].message
    assert "after step()" in run(fresh=0, used=3)[0].message
    assert not run(fresh=1, none=3)
