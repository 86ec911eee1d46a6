"""Counts over every step: of a parameter, and of a module that is as well off as its best parameter."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradprobe.record.totals import Membership, Totals, states

NORMS = st.sampled_from([-2.0, -1.0, 0.0, 1.0, math.inf, math.nan])


def test_the_five_states_are_in_the_order_of_how_well_off_a_parameter_is():
    found = states(np.float32([-2, -1, 0, 1e-30, math.inf, math.nan]))
    assert found.tolist() == [0, 1, 2, 3, 4, 4]


@given(st.lists(st.tuples(NORMS, NORMS, NORMS), min_size=1, max_size=30), st.data())
def test_totals_count_every_step_once_however_they_are_given(rows, data):
    members = [[0], [0, 2], [0, 1, 2]]
    norms, index = np.array(rows, np.float32), np.arange(len(rows))
    cut = data.draw(st.integers(0, len(rows)))
    totals, modules = Totals(), Totals()
    totals.grow(3)
    modules.grow(3)
    membership = Membership([np.array(positions, np.intp) for positions in members])
    for part in (slice(0, cut), slice(cut, None)):
        if len(index[part]):
            totals.add(states(norms[part]), index[part])
            modules.add(membership.best(states(norms[part])), index[part])

    def table(columns):
        """Per thing and step its best state: 1 none, 2 zero, 3 flowing, 4 non-finite."""
        code = {-2.0: 0, -1.0: 1, 0.0: 2, 1.0: 3}
        best = [[max(code.get(row[column], 4) for column in group) for row in rows] for group in columns]
        return [
            [
                *(steps.count(state) for state in (1, 2, 3, 4)),
                max((i for i, s in enumerate(steps) if s >= 3), default=-1),
            ]
            for steps in best
        ]

    assert totals.table.tolist() == table([[0], [1], [2]])
    assert modules.table.tolist() == table(members)


def test_a_table_grows_with_what_it_counts_and_keeps_what_it_counted():
    totals = Totals()
    totals.grow(1)
    totals.add(np.uint8([[3]]), np.array([7]))
    totals.grow(2)
    assert totals.table.tolist() == [[0, 0, 1, 0, 7], [0, 0, 0, 0, -1]]


def test_no_modules():
    assert Membership([]).best(np.zeros((4, 2), np.uint8)).shape == (4, 0)
