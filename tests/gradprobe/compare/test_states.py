"""Gradients that are gone, came, or come in fewer steps."""

import pytest

from gradprobe.compare import compare
from tests.gradprobe.compare.changes import changes
from tests.support.sources import STEPS, source

GONE = ("gradient", "regression", "error", "encoder")


def now_and_then(every, steps=STEPS):
    return [1.0 if step % every == 0 else -1.0 for step in range(steps)]


@pytest.mark.parametrize("code", [-1.0, 0.0], ids=["none", "zero"])
def test_gone(code):
    healthy, cut = source(), source(norms={"encoder.weight": code})
    assert changes(healthy, cut) == [GONE]
    assert changes(cut, healthy) == [("gradient", "improvement", "info", "encoder")]
    assert changes(cut, cut) == []


def test_not_finite():
    assert GONE in changes(source(), source(norms={"encoder.weight": float("nan")}))


def test_topmost_of_those_alike_with_those_below_it():
    modules = {"encoder.first": ["weight"], "encoder.second": ["weight"], "head": ["weight"]}
    cut = {"encoder.first.weight": -1.0, "encoder.second.weight": -1.0}
    (change,) = compare([source(modules=modules)], source(modules=modules, norms=cut)).changes
    assert (change.subject, change.also) == ("encoder", ("encoder.first", "encoder.second"))
    (change,) = compare(
        [source(modules=modules)], source(modules=modules, norms={"encoder.first.weight": -1.0})
    ).changes
    assert (change.subject, change.also) == ("encoder.first", ())


def test_seldom_gradient_that_did_not_come_may_be_late():
    """Once in the 20 steps that both have: C(20, 1) / C(40, 1) = 0.5, far from improbable."""
    seldom = source(norms={"encoder.weight": now_and_then(20)})
    late = source(norms={"encoder.weight": -1.0}, steps=20)
    assert changes(seldom, late) == [("gradient", "change", "info", "encoder")]


def test_often_enough_to_be_missed():
    """Ten times in 40 steps: C(40, 10) / C(80, 10) = 0.0005."""
    often = source(norms={"encoder.weight": now_and_then(4)})
    assert changes(often, source(norms={"encoder.weight": -1.0})) == [GONE]
    rarely = source(norms={"encoder.weight": now_and_then(10)})  # 4 times: C(40, 4) / C(80, 4) = 0.058
    assert changes(rarely, source(norms={"encoder.weight": -1.0})) == [("gradient", "change", "info", "encoder")]


def test_fewer_steps():
    always, seldom = source(), source(norms={"encoder.weight": now_and_then(4)})
    assert changes(always, seldom) == [("gradient", "regression", "warning", "encoder")]
    assert changes(seldom, always) == [("gradient", "improvement", "info", "encoder")]
    assert changes(source(norms={"encoder.weight": now_and_then(2)}), seldom) == []


def test_one_baseline_without_it_is_enough_to_know_it():
    cut = source("b", norms={"encoder.weight": -1.0})
    assert changes(source("a"), cut, source("c", norms={"encoder.weight": -1.0})) == []


EXPERTS = {f"moe.experts.{number}": ["weight"] for number in range(3)} | {"head": ["weight"]}


def test_expert_whose_turn_another_took_is_no_regression():
    one = source(modules=EXPERTS, norms={"moe.experts.2.weight": now_and_then(8)})
    other = source(modules=EXPERTS, norms={"moe.experts.0.weight": -1.0})
    assert changes(one, other) == [
        ("gradient", "improvement", "info", "moe.experts.2"),
        ("gradient", "change", "info", "moe.experts.0"),
    ]


def test_layer_of_a_list_that_keeps_its_others_is_a_warning_and_the_whole_list_an_error():
    whole = source(modules=EXPERTS)
    assert changes(whole, source(modules=EXPERTS, norms={"moe.experts.0.weight": -1.0})) == [
        ("gradient", "regression", "warning", "moe.experts.0")
    ]
    none = {f"moe.experts.{number}.weight": -1.0 for number in range(3)}
    assert changes(whole, source(modules=EXPERTS, norms=none)) == [("gradient", "regression", "error", "moe")]


def test_shorter_run_is_compared_on_what_both_have():
    """In the baseline the encoder's gradient comes in step 20; the new run ended in step 10."""
    late = source(norms={"encoder.weight": [-1.0] * 20 + [1.0] * 20})
    assert changes(late, source(norms={"encoder.weight": -1.0}, steps=10)) == []
    assert GONE in changes(late, source(norms={"encoder.weight": -1.0}))
