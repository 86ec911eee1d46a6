"""A record cut short is the record of a run that ended there."""

from dataclasses import replace

import numpy as np
import pytest

from gradprobe.compare.shorten import shorten
from tests.support.records import record

MODULES = {"encoder": ["weight", "bias"], "head": ["weight"]}
NORMS = {
    "encoder.weight": [1.0, 0.0, -1.0, -2.0, float("nan"), 2.0, 0.0, -1.0],
    "encoder.bias": [-1.0, -1.0, -1.0, -2.0, 1.0, 0.0, 0.0, -1.0],
}
LOSS = [float(step) for step in range(8)]


@pytest.mark.parametrize("steps", range(1, 8))
def test_it_is_the_record_of_the_shorter_run(steps):
    whole = record(MODULES, NORMS, {"loss": LOSS})
    short = record(MODULES, {name: row[:steps] for name, row in NORMS.items()}, {"loss": LOSS[:steps]})
    cut = shorten(whole, steps)
    assert counts(cut.parameters) == counts(short.parameters)
    assert counts(cut.modules) == counts(short.modules)
    np.testing.assert_array_equal(cut.steps.norms, short.steps.norms)
    np.testing.assert_array_equal(cut.metrics["loss"].values, short.metrics["loss"].values)
    assert (cut.facts.steps, len(cut.steps)) == (steps, steps)


def counts(things):
    """Counts, but for the newest step with a gradient, for which the record's own totals count what is not finite, too."""
    return [replace(one.counts, last_flowing=0) for one in things]


def test_newest_step_with_a_gradient():
    """In step 4 one is NaN, which is a gradient that is not zero; after step 5 there is none."""
    whole = record(MODULES, NORMS)
    newest = [[one.counts.last_flowing for one in shorten(whole, steps).parameters] for steps in (4, 5, 7)]
    assert newest == [[0, -1, 3], [4, 4, 4], [5, 4, 6]]


def test_nothing_to_cut():
    whole = record(MODULES, NORMS)
    assert shorten(whole, 8) is whole and shorten(whole, 100) is whole


def test_thinned_row_that_reaches_over_the_end_is_left_out():
    """Rows of 4, 4, 1 and 1 steps; the second one ends in step 7."""
    thinned = record(MODULES, steps=4, span=[4, 4, 1, 1])
    cut = shorten(thinned, 6)
    assert cut.steps.index.tolist() == [3]
    assert cut.modules[0].counts.flowing == 4
    assert shorten(thinned, 9).steps.index.tolist() == [3, 7, 8]


def test_bounds_that_are_the_norms_stay_so():
    whole = record(MODULES, NORMS)
    cut = shorten(whole, 3)
    assert cut.steps.lowest is cut.steps.norms and cut.steps.highest is cut.steps.norms
    apart = replace(whole, steps=replace(whole.steps, lowest=whole.steps.norms - 1))
    assert shorten(apart, 3).steps.lowest.shape == (3, 3)
