"""Norms of sharded gradients as those of the whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradprobe.record.run import read_run
from gradprobe.record.shards import Squares
from gradprobe.values.step import NO_GRADIENT, NOT_LOOKED_AT
from tests.support.jobs import write_rank


def test_squares_add_up_and_replicas_count_once(tmp_path):
    """Two shards, each on two of four ranks: |g|² = 3² + 4²; the second parameter is whole on every rank."""
    run = tmp_path / "run"
    for rank in range(4):
        write_rank(run, rank, world=4, norms=(3.0 if rank % 2 else 4.0, 7.0), sharded=[[0, 2]])
    norms = read_run(run).steps.norms
    np.testing.assert_allclose(norms, [[5.0, 7.0]] * 3)


def test_a_rank_whose_part_has_no_gradient_does_not_hide_the_others(tmp_path):
    run = tmp_path / "run"
    for rank, norm in enumerate((NO_GRADIENT, 4.0)):
        write_rank(run, rank, norms=(norm, 1.0), sharded=[[0, 2]])
    shown = read_run(run)
    np.testing.assert_allclose(shown.steps.norms[:, 0], 4.0)
    assert (shown.parameters[0].counts.none, shown.parameters[0].counts.flowing) == (0, 3)


def test_steps_that_some_rank_does_not_have_are_not_looked_at(tmp_path):
    run = tmp_path / "run"
    for rank in (0, 1):
        write_rank(run, rank, steps=3 - rank, norms=(3.0, 1.0), sharded=[[0, 2]])
    np.testing.assert_allclose(read_run(run).steps.norms[:, 0], [18**0.5, 18**0.5, NOT_LOOKED_AT])


def test_norms_stay_local_where_not_all_parts_were_recorded(tmp_path):
    run = tmp_path / "run"
    for rank in (0, 1):
        write_rank(run, rank, world=4, norms=(3.0, 1.0), sharded=[[0, 4]])
    np.testing.assert_allclose(read_run(run).steps.norms[:, 0], 3.0)


gradients = arrays.arrays(np.float64, st.tuples(st.just(12), st.integers(1, 3)), elements=st.floats(-1e3, 1e3))


@settings(deadline=None)
@given(gradients, st.sampled_from([2, 3, 4]), st.sampled_from([1, 2]))
def test_the_norm_of_the_whole_is_that_of_the_parts(gradient, parts, replicas):
    shards = np.split(gradient, parts) * replicas
    norms = [np.array([np.linalg.norm(shard, axis=0)], np.float32) for shard in shards]
    squares = Squares(np.array([0]), norms[0])
    for other in norms[1:]:
        squares.add(np.array([0]), other)
    whole = squares.norms(np.full(gradient.shape[1], 1 / replicas))
    np.testing.assert_allclose(whole[0], np.linalg.norm(gradient, axis=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_on_one_rank_is_not_finite(value):
    squares = Squares(np.array([0]), np.array([[1.0]], np.float32))
    squares.add(np.array([0]), np.array([[value]], np.float32))
    assert not np.isfinite(squares.norms(np.ones(1))).any()
