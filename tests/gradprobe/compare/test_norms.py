"""Norms that moved, by how much, and which module is named."""

from dataclasses import replace

import numpy as np
import pytest

from gradprobe.compare import compare
from gradprobe.compare.norms import factor
from tests.gradprobe.compare.changes import changes
from tests.support.sources import STEPS, source, wobbling


def run(level, seed=0, **more):
    return source(f"run-{seed}", norms={"encoder.weight": wobbling(level, seed, **more)})


def moved(subject):
    return ("norm", "regression", "warning", subject)


@pytest.mark.parametrize("factor", [20.0, 1 / 20.0])
def test_ten_times_and_more_is_told_of_one_baseline(factor):
    assert changes(run(1.0), run(factor, 1)) == [moved("encoder")]


def test_less_than_ten_times_may_be_the_seed():
    assert changes(run(1.0), run(7.0, 1)) == []


def test_several_baselines_tell_three_times_from_chance():
    baselines = [run(1.0, seed) for seed in range(4)]
    assert changes(*baselines, run(7.0, 9)) == [moved("encoder")]
    assert changes(*baselines, run(2.0, 9)) == []


def test_baselines_far_apart_take_the_sting():
    """Levels of 0.1, 1 and 10 vary by a decade: a factor of 20 says nothing."""
    baselines = [run(level, seed) for seed, level in enumerate((0.1, 1.0, 10.0))]
    assert changes(*baselines, run(20.0, 9)) == []
    assert changes(*baselines, run(1e12, 9)) == [moved("encoder")]


def test_norm_that_travels_may_be_elsewhere_in_another_run():
    """It falls by four decades: half of them is what another run may be ahead."""
    falling = np.logspace(0, -4, STEPS)
    base = source(norms={"encoder.weight": falling.tolist()})
    assert changes(base, source(norms={"encoder.weight": (falling / 40).tolist()})) == []
    assert changes(base, source(norms={"encoder.weight": (falling / 1000).tolist()})) == [moved("encoder")]


def test_warm_up_does_not_count():
    """The first tenth of 40 steps is 4."""
    wild = [1e6] * 4 + [1.0] * 36
    found = compare([source()], source(norms={"encoder.weight": wild}))
    assert (found.changes, found.warm_up) == ((), 4)
    assert next(row for row in found.norms if row.module == "encoder").decades == 0.0


def test_row_has_the_numbers():
    row = compare([source()], source(norms={"encoder.weight": 100.0})).norms[0]
    assert (row.module, row.base, row.new, row.decades) == ("encoder", 1.0, pytest.approx(100.0), pytest.approx(2.0))
    assert (row.spread, row.threshold, row.moved) == (0.0, 1.0, True)


def test_too_few_norms_are_not_compared():
    seldom = [1.0 if step in (10, 20, 30) else -1.0 for step in range(STEPS)]
    far = [1e5 * norm if norm > 0 else norm for norm in seldom]
    found = compare([source(norms={"encoder.weight": seldom})], source(norms={"encoder.weight": far}))
    assert found.changes == ()
    assert found.norms[0].decades is None and found.norms[0].base is None


BODY = {"body.first": ["weight"], "body.second": ["weight"], "body.third": ["weight"], "head": ["weight"]}


def test_module_explains_its_parts_where_half_of_them_moved_with_it():
    factors = {"body.first.weight": 100.0, "body.second.weight": 100.0}
    (change,) = compare([source(modules=BODY)], source(modules=BODY, norms=factors)).changes
    assert (change.subject, change.also) == ("body", ("body.first", "body.second"))


def test_single_part_is_named_and_the_whole_moved_with_it():
    (change,) = compare([source(modules=BODY)], source(modules=BODY, norms={"body.first.weight": 100.0})).changes
    assert (change.subject, change.also) == ("body.first", ("body",))
    assert "body, of which it is a part, moved with it" in change.text


def test_parts_that_moved_apart_are_both_named():
    factors = {"body.first.weight": 1000.0, "body.second.weight": 1e-3}
    assert changes(source(modules=BODY), source(modules=BODY, norms=factors)) == [
        moved("body.first"),
        moved("body.second"),
    ]


def test_large_model_is_told_by_its_root():
    """Five hundred parts share half of the probability of a false alarm, the root has the other half for itself."""
    parts = {f"model.layers.{number}": ["weight"] for number in range(500)}
    far = {f"{name}.weight": wobbling(30.0, 1) for name in parts}
    near = {f"{name}.weight": wobbling(1.0, 2) for name in parts}
    (change,) = compare([source(modules=parts, norms=near)], source(modules=parts, norms=far)).changes
    assert change.subject == "model" and len(change.also) == 501


def test_report_with_numbers_that_no_gradient_has():
    """Six hundred decades between the smallest and the largest: the factor that may be chance is none that a float holds."""
    base, new = source("base"), source("new")
    absurd = tuple(replace(one, smallest=1e-300, largest=1e300, median=1e-300) for one in base.report.modules)
    (row, _) = compare([replace(base, record=None, report=replace(base.report, modules=absurd))], new).norms
    assert (row.base, row.decades, row.moved) == (pytest.approx(1e-300), pytest.approx(300.0), False)
    assert factor(row.threshold) == 1e307
