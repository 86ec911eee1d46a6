"""Norms of modules from norms of parameters."""

import dataclasses

import numpy as np
import pytest

from gradprobe.engine.norms import has_norm, module_norms, was_due, was_missing
from tests.support.records import record

TREE = {"net.a": ["weight", "bias"], "net.b": ["weight"]}


def rows(**norms):
    made = record(TREE, {name.replace("_", "."): values for name, values in norms.items()})
    return dict(zip((module.name for module in made.modules), module_norms(made).norms.tolist(), strict=True))


def test_squares_are_added():
    # sqrt(3^2 + 4^2) = 5, and sqrt(3^2 + 4^2 + 12^2) = 13
    norms = rows(net_a_weight=[3.0], net_a_bias=[4.0], net_b_weight=[12.0])
    assert norms == {"net": [13.0], "net.a": [5.0], "net.b": [12.0]}


def test_codes_are_not_norms():
    norms = rows(net_a_weight=[-1, -1, -2, 0, -1], net_a_bias=[-1, 4, -2, -1, -2], net_b_weight=[-2, -2, -2, -2, -2])
    assert norms["net.a"] == [-1, 4, -2, 0, -1]
    assert norms["net.b"] == [-2] * 5
    assert norms["net"] == norms["net.a"]


def test_what_is_not_finite_stays_so():
    norms = rows(net_a_weight=[np.nan, np.inf, -1], net_a_bias=[-1, 1, np.nan], net_b_weight=[1, -2, -1])
    assert not np.isfinite(norms["net"]).any()
    assert not np.isfinite(norms["net.a"]).any()
    assert norms["net.b"] == [1, -2, -1]


def test_a_small_module_is_not_lost_behind_a_large_one():
    # squared, 1e-25 is 1e-50: below the smallest float32 (1e-45), and lost in a running sum that has passed 1
    norms = rows(net_a_weight=[1.0], net_a_bias=[1.0], net_b_weight=[1e-25])
    assert norms["net.b"] == [pytest.approx(1e-25)]


def test_modules_that_share_a_parameter_or_have_scattered_ones():
    made = record({"a": ["w"], "b": ["w"], "c": ["w"]}, {"a.w": [3.0], "b.w": [7.0], "c.w": [4.0]})
    scattered = made.modules[0].__class__("x", "", 0, np.array([0, 2]), made.modules[0].counts)
    assert module_norms(dataclasses.replace(made, modules=(scattered,))).norms.tolist() == [[5.0]]


def test_thinned_rows_have_bounds():
    made = record(
        {"a": ["w", "b"]},
        {"a.w": [3.0, 3.0], "a.b": [4.0, 4.0]},
        span=[2, 1],
        lowest={"a.w": [0.0, 3.0]},
        highest={"a.w": [12.0, 3.0], "a.b": [5.0, 4.0]},
    )
    norms = module_norms(made)
    assert norms.norms.tolist() == [[5.0, 5.0]]
    assert norms.lowest.tolist() == [[4.0, 5.0]]
    assert norms.highest.tolist() == [[13.0, 5.0]]


def test_what_a_norm_says():
    norms = np.array([-2.0, -1.0, 0.0, 1.0, np.nan, np.inf])
    assert has_norm(norms).tolist() == [False, False, True, True, False, False]
    assert was_due(norms).tolist() == [False, True, True, True, True, True]
    assert was_missing(norms).tolist() == [False, True, True, False, False, False]


def test_no_rows_and_no_modules():
    assert module_norms(record(TREE)).norms.shape == (3, 0)
    assert module_norms(record(metrics={"loss": [1.0]})).norms.shape == (0, 1)
