"""What a run cannot tell."""

import pytest

from gradprobe.engine.not_seen import not_seen
from gradprobe.values import RecorderFailed
from tests.support.records import SITE, record

NET = {"net": ["w", "b"]}


def test_a_long_run_that_ended_by_itself_has_nothing_to_say():
    assert not_seen(record(NET, steps=30)) == ()


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (record(NET, steps=1), "Only 1 step was recorded: a trend needs 30, and what happens later was not seen."),
        (record(NET, steps=12), "Only 12 steps were recorded: a trend needs 30, and what happens later was not seen."),
        (
            record(),
            "No optimizer step was recorded: expected a script that calls loss.backward() and optimizer.step(), "
            "found no such step.",
        ),
        (
            record(torch=""),
            "No optimizer step was recorded: expected a script that calls loss.backward() and optimizer.step(), "
            "found that it never imported torch.",
        ),
        (
            record(NET, steps=30, exit_code=1, exception="ValueError: bad"),
            "The script ended with ValueError: what would have come after it was not seen.",
        ),
        (
            record(NET, steps=30, exit_code=None, stopped_by=None),
            "The run has not ended, or it was killed: this is the record as far as it was written.",
        ),
        (
            record(NET, steps=30, exit_code=130, stopped_by="signal"),
            "A signal ended the script: what would have come after it was not seen.",
        ),
        (
            record(NET, {"net.w": -1.0, "net.b": -1.0}, steps=30, deep_steps=0),
            "No step was followed in depth: that a gradient is missing can be said, but not which line ends it.",
        ),
        (
            record({**NET, "critic": ["w"]}, steps=30, unowned=["critic"]),
            "No optimizer stepped critic: gradients were not looked at there.",
        ),
        (
            record(NET, steps=30, unowned=["net.b"]),
            "In no optimizer, and their gradients not looked at: 1 of the trainable parameters of net.",
        ),
        (
            record(NET, steps=30, world=4),
            "No record of 3 other ranks of this job is here: what they did was not seen.",
        ),
        (
            record(NET, steps=30, span=[4] * 10 + [1] * 20),
            "40 older steps were thinned: of every few, lowest, highest and newest norms are kept.",
        ),
        (
            record(NET, steps=30, incidents=[RecorderFailed(SITE, "KeyError: 3")]),
            "The recorder failed in step 29 and recorded nothing after it: KeyError: 3",
        ),
    ],
)
def test_sentences(made, sentence):
    assert not_seen(made) == (sentence,)


def test_frozen_modules_are_not_missed():
    assert not_seen(record({**NET, "backbone": ["w"]}, steps=30, frozen=["backbone"])) == ()
