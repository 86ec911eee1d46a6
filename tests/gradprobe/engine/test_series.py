"""What there is to draw: buckets that hold the newest, the lowest and the highest of what they stand for."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradprobe.engine.norms import module_norms
from gradprobe.engine.series import MOST_BUCKETS, series
from tests.support.records import record

NAN, INF = float("nan"), float("inf")


def drawn(**parts):
    made = record(**parts)
    return series(made, module_norms(made))


def test_a_short_run_is_drawn_step_by_step():
    found = drawn(modules={"net": ["w"]}, norms={"net.w": [1.0, 2.0, 4.0]}, metrics={"loss": [3.0, 2.0, 1.0]})
    assert (found.first.tolist(), found.last.tolist()) == ([0, 1, 2], [0, 1, 2])
    (net,) = found.norms
    assert (net.name, net.values.tolist()) == ("net", [1.0, 2.0, 4.0])
    assert net.lowest.tolist() == net.highest.tolist() == net.values.tolist()
    (loss,) = found.metrics
    assert (loss.name, loss.values.tolist()) == ("loss", [3.0, 2.0, 1.0])


def test_a_bucket_holds_newest_lowest_and_highest():
    # 1000 steps in 500 buckets: two a bucket.
    norms = [1.0, 3.0] * 500
    norms[10:12] = [8.0, 0.5]
    losses = [2.0, 1.0] * 500
    found = drawn(modules={"net": ["w"]}, norms={"net.w": norms}, metrics={"loss": losses})
    assert len(found.first) == MOST_BUCKETS == 500
    (net,), (loss,) = found.norms, found.metrics
    assert (found.first[5], found.last[5]) == (10, 11)
    assert (net.values[5], net.lowest[5], net.highest[5]) == (0.5, 0.5, 8.0)
    assert (loss.values[5], loss.lowest[5], loss.highest[5]) == (1.0, 1.0, 2.0)


def test_codes_are_marks_and_no_numbers():
    """-1 is no gradient, -2 not due: a module that is not due keeps what it had in the bucket."""
    found = drawn(modules={"net": ["w"]}, norms={"net.w": [1.0, -1.0, -2.0, INF, NAN, 0.0]})
    (net,) = found.norms
    np.testing.assert_array_equal(net.values, [1.0, NAN, NAN, NAN, NAN, 0.0])
    assert net.missing.tolist() == [False, True, False, False, False, False]
    assert net.non_finite.tolist() == [False, False, False, True, True, False]


def test_what_is_not_finite_is_not_lost_in_a_bucket():
    norms, losses = [1.0] * 1000, [1.0] * 1000
    norms[10], losses[21] = NAN, INF
    found = drawn(modules={"net": ["w"]}, norms={"net.w": norms}, metrics={"loss": losses})
    assert np.flatnonzero(found.norms[0].non_finite).tolist() == [5]
    assert np.flatnonzero(found.metrics[0].non_finite).tolist() == [10]
    assert (found.metrics[0].values[10], found.metrics[0].highest[10]) == (1.0, 1.0)


def test_many_modules_have_fewer_buckets():
    modules = {f"net.{number}": ["w"] for number in range(999)}
    found = drawn(modules=modules, steps=1000)  # With the root 1,000 modules, 120 buckets each.
    assert len(found.norms) == 1000
    assert len(found.first) == 120


def test_without_a_step_there_is_nothing():
    assert drawn(modules={"net": ["w"]}, steps=0) is None


def test_learning_rates_are_named_by_optimizer():
    found = drawn(modules={"net": ["w"]}, steps=3)
    assert [one.name for one in found.learning_rates] == ["AdamW"]


def test_update_ratios_are_where_deep_steps_were():
    made = record(modules={"net": ["w"]}, steps=5)
    ratios = {"net": (np.array([0, 3]), np.array([0.5, 0.25])), "zero": (np.array([], np.int64), np.array([]))}
    found = series(replace(made, update_ratios=ratios), module_norms(made))
    (net,) = found.update_ratios
    np.testing.assert_array_equal(net.values, [0.5, NAN, NAN, 0.25, NAN])
    assert not net.missing.any()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.floats(0, 1e3) | st.sampled_from([-1.0, -2.0, INF, NAN])),
        min_size=1,
        max_size=40,
    )
)
def test_bounds_hold_and_every_step_is_in_one_bucket(rows):
    spans, norms = [span for span, _ in rows], [norm for _, norm in rows]
    found = drawn(modules={"net": ["w"]}, norms={"net.w": norms}, span=spans)
    assert found.first[0] == 0
    assert found.last[-1] == sum(spans) - 1
    assert (found.first[1:] == found.last[:-1] + 1).all()
    (net,) = found.norms
    there = ~np.isnan(net.values)
    assert (net.lowest[there] <= net.values[there]).all()
    assert (net.values[there] <= net.highest[there]).all()
    finite = [norm for norm in norms if 0 <= norm < INF]
    if finite:
        assert np.nanmin(net.lowest) == pytest.approx(min(finite), rel=1e-6)
        assert np.nanmax(net.highest) == pytest.approx(max(finite), rel=1e-6)
