"""The arrays of a step, and what becomes of two of them."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradprobe.record import arrays
from tests.gradprobe.record.written import largest, newest, smallest

NORMS = st.sampled_from([-2.0, -1.0, 0.0, math.inf, math.nan]) | st.floats(0, 2.0**100, width=32)


def equal(found: np.ndarray, expected: list[float]) -> bool:
    return np.array_equal(found, np.array(expected, found.dtype), equal_nan=True)


def folded(merge, values: list[float]) -> np.ndarray:
    """Merge in pairs as thinning does: neighbours, then their results, and so on."""
    rows = [np.array([value], np.float32) for value in values]
    while len(rows) > 1:
        rows = [merge(*rows[at : at + 2]) if len(rows[at : at + 2]) == 2 else rows[at] for at in range(0, len(rows), 2)]
    return rows[0]


@given(st.lists(NORMS, min_size=1, max_size=16))
def test_merging_in_pairs_gives_the_bounds_of_the_whole(values):
    assert equal(folded(arrays.lower_norms, values), [smallest(values)])
    assert equal(folded(arrays.higher_norms, values), [largest(values)])
    assert equal(folded(arrays.later_norms, values), [newest(values)])


def test_the_lowest_norm_beside_nan_is_the_number_and_the_highest_is_nan():
    # A step with NaN must not hide how small the others were, nor vanish itself.
    number, nan = np.float32([3.0]), np.float32([np.nan])
    assert equal(arrays.lower_norms(number, nan), [3.0])
    assert equal(arrays.lower_norms(nan, number), [3.0])
    assert equal(arrays.higher_norms(number, nan), [math.nan])


def test_a_nan_that_was_logged_is_not_a_value_that_is_missing():
    values = np.array([math.nan, -math.nan, arrays.MISSING, math.inf, 0.0])
    assert arrays.is_missing(values).tolist() == [False, False, True, False, False]
    assert math.isnan(arrays.MISSING)


def test_missing_survives_bytes_and_slices():
    table = np.full((3, 4), arrays.MISSING)
    table[1, 2] = math.nan
    again = np.frombuffer(table.tobytes(), np.float64).reshape(3, 4)
    assert arrays.is_missing(again[:, 2]).tolist() == [True, False, True]


def test_metrics_of_two_rows():
    missing = arrays.MISSING
    first = np.array([1.0, missing, 5.0, math.nan, missing])
    second = np.array([2.0, 7.0, missing, 4.0, missing])
    assert equal(arrays.later_metrics(first, second)[:4], [2.0, 7.0, 5.0, 4.0])
    assert equal(arrays.lower_metrics(first, second)[:4], [1.0, 7.0, 5.0, 4.0])
    assert equal(arrays.higher_metrics(first, second)[:4], [2.0, 7.0, 5.0, math.nan])
    for merge in (arrays.later_metrics, arrays.lower_metrics, arrays.higher_metrics):
        assert arrays.is_missing(merge(first, second)).tolist() == [False] * 4 + [True]


def test_an_older_row_is_shorter_and_what_it_lacks_was_not_looked_at():
    blobs = [np.float32([1.0]).tobytes(), b"", np.float32([3.0, 4.0]).tobytes()]
    assert arrays.stack_norms(blobs, 2).tolist() == [[1.0, -2.0], [-2.0, -2.0], [3.0, 4.0]]
    rates = arrays.stack_rates([np.float64([0.1]).tobytes(), np.float64([0.1, 0.2]).tobytes()], 2)
    assert equal(rates, [[0.1, math.nan], [0.1, 0.2]])
    metrics = arrays.stack_metrics([b"", np.float64([9.0]).tobytes()], 1)
    assert arrays.is_missing(metrics).tolist() == [[True], [False]]


def test_no_rows_and_no_columns():
    assert arrays.stack_norms([], 3).shape == (0, 3)
    assert arrays.stack_norms([b"", b""], 0).shape == (2, 0)
