"""The health table."""

import dataclasses
import time

import numpy as np
import pytest

from gradprobe.engine.health import module_health
from gradprobe.engine.norms import module_norms
from gradprobe.values import ModuleState
from tests.support.records import record


def table(*args, **kwargs):
    made = record(*args, **kwargs)
    return {row.name: row for row in module_health(made, module_norms(made))}


def state(norms, **kwargs):
    """The state of module m beside a healthy module of norm 1."""
    return table({"m": ["w"], "healthy": ["w"]}, {"m.w": norms}, **kwargs)["m"].state


def test_a_row():
    row = table(
        {"net.a": ["w", "b"]},
        {"net.a.w": [3, 6, -1, 0, 0.3], "net.a.b": [4, 8, -1, 0, 0.4]},
        shapes={"net.a.w": (10, 20)},
        types={"net.a": "Linear"},
    )["net.a"]
    assert (row.type, row.depth, row.parameters, row.elements, row.trainable) == ("Linear", 1, 2, 204, 2)
    # norms 5, 10, none, 0, 0.5: the median of 0, 0.5, 5, 10 is 2.75
    assert (row.last, row.median, row.smallest, row.largest) == (pytest.approx(0.5), pytest.approx(2.75), 0.0, 10.0)
    assert (row.steps_with_gradient, row.steps_with_zero_gradient, row.steps_without_gradient) == (3, 1, 1)
    assert row.series == (5.0, 10.0, None, 0.0, pytest.approx(0.5))


def test_parents_come_first_and_hold_their_children():
    rows = table({"net.a": ["w"], "net.b": ["w"]}, {"net.a.w": [3.0], "net.b.w": [4.0]})
    assert list(rows) == ["net", "net.a", "net.b"]
    assert rows["net"].last == 5.0


def test_thinned_rows_count_by_their_span():
    row = table(
        {"m": ["w"]},
        {"m.w": [1.0, 2.0, 3.0]},
        span=[1, 1, 8],
        lowest={"m.w": [1.0, 2.0, 0.5]},
        highest={"m.w": [1.0, 2.0, 9.0]},
    )["m"]
    # of ten steps eight are 3
    assert (row.median, row.smallest, row.largest, row.last) == (3.0, 0.5, 9.0, 3.0)
    assert row.steps_with_gradient == 10


def test_the_sparkline_has_at_most_sixty_points_with_the_newest():
    row = table({"m": ["w"]}, {"m.w": np.arange(1000).tolist()})["m"]
    assert len(row.series) == 60
    assert (row.series[0], row.series[-1]) == (0.0, 999.0)
    assert np.ptp(np.diff(row.series)) <= 1


@pytest.mark.parametrize(
    ("norms", "expected"),
    [
        ([1.0] * 40, ModuleState.FLOWS),
        ([0.0] * 40, ModuleState.ZERO),
        ([-1.0] * 40, ModuleState.NO_GRADIENT),
        ([-1.0] * 20 + [0.0] * 20, ModuleState.ZERO),
        ([-2.0] * 40, ModuleState.NOT_STEPPED),
        # LoRA's first step, prompts cached for ten batches, an expert that is routed to once
        ([0.0] + [1.0] * 39, ModuleState.FLOWS),
        (([1.0] + [0.0] * 9) * 4, ModuleState.FLOWS),
        ([0.0] * 39 + [1.0], ModuleState.FLOWS),
        # a gradient scaler looks for its scale, and tries a larger one at the end
        ([np.inf] * 5 + [1.0] * 35, ModuleState.FLOWS),
        ([1.0] * 39 + [np.inf], ModuleState.FLOWS),
        ([1.0] * 37 + [np.nan] * 3, ModuleState.NON_FINITE),
        ([1.0] * 30 + [np.nan] * 8 + [-2.0] * 2, ModuleState.NON_FINITE),
        ([np.nan] * 2, ModuleState.NON_FINITE),
        # float32's epsilon is 1.2e-7 of the largest module's norm (that of `healthy`, 1)
        ([1e-9] * 40, ModuleState.VANISHED),
        ([1e-6] * 40, ModuleState.FLOWS),
        ([1e-3] * 10 + [1e-10] * 30, ModuleState.VANISHED),
        # no gradient in most steps, and a small one when there is
        ([0.0] * 30 + [1e-10] * 10, ModuleState.FLOWS),
    ],
)
def test_states(norms, expected):
    assert state(norms) is expected


def test_a_frozen_module_is_frozen_whatever_stands_in_its_rows():
    assert state([-2.0] * 4, frozen=["m"]) is ModuleState.FROZEN
    assert state([-1.0] * 4, frozen=["m"]) is ModuleState.FROZEN
    assert state([1.0] * 4, frozen=["m"]) is ModuleState.FLOWS, "it was trained before it was frozen"


def test_everything_small_together_is_a_converged_run_not_a_vanished_gradient():
    assert table({"m": ["w"], "n": ["w"]}, {"m.w": [1e-12] * 40, "n.w": [1e-12] * 40})["m"].state is ModuleState.FLOWS


def test_small_against_a_huge_module_is_not_vanished_if_adam_still_moves_it():
    # 1e-7 over 4 elements is 5e-8 an element, above Adam's epsilon of 1e-8, though 1e-9 of the other's norm
    rows = table({"m": ["w"], "n": ["w"]}, {"m.w": [1e-7] * 40, "n.w": [100.0] * 40})
    assert rows["m"].state is ModuleState.FLOWS


def test_a_module_without_parameters():
    made = record({"net": [], "net.a": ["w"]}, {"net.a.w": [1.0]})
    empty = made.modules[0].__class__("relu", "ReLU", 0, np.array([], np.intp), record({"x": []}).modules[0].counts)
    made = dataclasses.replace(made, modules=(*made.modules, empty))
    row = module_health(made, module_norms(made))[-1]
    assert (row.parameters, row.median, row.state) == (0, None, ModuleState.FROZEN)


def test_a_large_record_takes_seconds_not_minutes():
    # 13,000 rows of 900 parameters in 500 modules, three levels deep: 0.3 s on an idle core, 0.6 s with thinned rows.
    # The limit is wide for slow machines, and still a tenth of what a loop over rows takes.
    leaves = [f"net.b{number // 8}.l{number}" for number in range(438)]
    made = record({leaf: ["w", "b"] for leaf in leaves}, steps=1)
    norms = np.random.default_rng(0).random((13_000, 876), np.float32)
    index = np.arange(13_000)
    steps = dataclasses.replace(
        made.steps, index=index, span=np.ones(13_000, np.int64), norms=norms, lowest=norms, highest=norms
    )
    made = dataclasses.replace(made, steps=steps)
    start = time.process_time()
    rows = module_health(made, module_norms(made))
    assert time.process_time() - start < 3.0
    assert len(rows) == 438 + 55 + 1
    assert rows[0].last == pytest.approx(np.linalg.norm(norms[-1].astype(np.float64)))
