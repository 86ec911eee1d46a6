"""Parameters that are new, gone, frozen, thawed, or in no optimizer."""

from dataclasses import replace

import pytest

from gradprobe.compare import compare
from tests.gradprobe.compare.changes import changes
from tests.support.sources import source

BODY = {"body.first": ["weight", "bias"], "body.second": ["weight", "bias"], "head": ["weight"]}
LESS = {"body.first": ["weight", "bias"], "head": ["weight"]}


def change(effect, severity, subject):
    return ("parameters", effect, severity, subject)


def test_gone_and_new():
    assert changes(source(modules=BODY), source(modules=LESS)) == [change("regression", "warning", "body.second")]
    assert changes(source(modules=LESS), source(modules=BODY)) == [change("change", "info", "body.second")]


def test_single_parameters_are_named():
    less = {"body.first": ["weight"], "body.second": ["weight", "bias"], "head": ["weight"]}
    (found,) = compare([source(modules=BODY)], source(modules=less)).changes
    assert (found.subject, found.also) == ("body.first.bias", ())


@pytest.mark.parametrize("how", ["frozen", "unowned"])
def test_not_trained_any_more_and_trained_again(how):
    trained, resting = source(modules=BODY), source(modules=BODY, **{how: ["body"]})
    assert changes(trained, resting) == [change("regression", "warning", "body")]
    assert changes(resting, trained) == [change("improvement", "info", "body")]
    assert changes(resting, resting) == []


def test_highest_module_that_is_frozen_whole_is_named_with_its_parameters():
    (found,) = compare([source(modules=BODY)], source(modules=BODY, frozen=["body.second"])).changes
    assert (found.subject, found.also) == ("body.second", ("body.second.weight", "body.second.bias"))
    assert (found.base, found.new) == ("trained", "frozen")


def test_frozen_instead_of_in_no_optimizer_is_no_news():
    assert changes(source(modules=BODY, frozen=["body"]), source(modules=BODY, unowned=["body"])) == []


def test_turn_that_comes_later_is_not_missed_by_a_short_run():
    """The body's optimizer first steps in step 20; the new run has ten steps, and has not seen that optimizer."""
    late = source(modules=BODY, norms={name: [-2.0] * 20 + [1.0] * 20 for name in names("body")})
    assert changes(late, source(modules=BODY, unowned=["body"], steps=10)) == []


def names(module):
    return [f"{held}.{name}" for held, inner in BODY.items() if held.startswith(module) for name in inner]


def test_of_several_baselines_all_must_have_trained_it():
    one, other = source("a", modules=BODY), source("b", modules=BODY, frozen=["head"])
    assert changes(one, other, source("c", modules=BODY, frozen=["head"])) == []


def test_another_shape_is_told():
    wide = source(modules=BODY, shapes={"head.weight": (8,)})
    assert changes(source(modules=BODY), wide) == [change("change", "info", "head.weight")]


def test_of_a_report_numbers_are_compared():
    report = replace(source(modules=BODY), record=None)
    assert changes(report, source(modules=LESS)) == [
        change("regression", "warning", "body"),
        change("regression", "warning", "body"),
    ]
    frozen = compare([report], source(modules=BODY, frozen=["head"])).changes
    assert [one.text for one in frozen] == ["head has 0 trainable parameters, before 1."]
    assert changes(report, source(modules=BODY)) == []
    resting = compare([report], source(modules=BODY, unowned=["head"])).changes
    assert [one.text for one in resting] == ["head is stepped by no optimizer."]
