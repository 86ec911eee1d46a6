"""A record grows with the logarithm of its steps, and what it says of thinned steps is true."""

from __future__ import annotations

import math
import random
import sqlite3

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradprobe.record import interning, thin
from gradprobe.record import writer as writing
from gradprobe.record.reader import read_record
from gradprobe.record.rows import Batch, IncidentRow
from gradprobe.values import Site, Warned
from tests.gradprobe.record.written import (
    batches,
    counted,
    largest,
    newest,
    smallest,
    step,
    writer,
)

STEPS = 700


@pytest.fixture
def small_levels(monkeypatch):
    """Levels of 16 rows, merged eight at a time, looked at every four rows."""
    monkeypatch.setattr(thin, "LARGEST_LEVEL", 16)
    monkeypatch.setattr(thin, "SMALLEST_LEVEL", 4)
    monkeypatch.setattr(thin, "CHUNK", 8)
    monkeypatch.setattr(writing, "THIN_EVERY", 4)


def spans(index, span, kept):
    """The steps each row stands for: rows take the steps that are not kept for themselves, in order."""
    free = [number for number in range(STEPS) if number not in kept]
    groups, start = [], 0
    for last, length in zip(index, span, strict=True):
        if last in kept:
            assert length == 1, "a step in which something happened stands for itself"
            groups.append([last])
            continue
        groups.append(free[start : start + length])
        start += length
        assert groups[-1][-1] == last, "a row is named by the last step it stands for"
    assert start == len(free)
    return groups


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_what_is_left_says_the_truth_of_every_step(seed, small_levels, tmp_path_factory):
    dice = random.Random(seed)
    path = tmp_path_factory.mktemp("run") / "rank-0.sqlite"
    values = [-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 1024.0, math.inf, math.nan]  # exact in float32
    # The third parameter and the second metric are met on the way.
    norms = [[dice.choice(values) for _ in range(2 if number < STEPS // 2 else 3)] for number in range(STEPS)]
    logged = [
        {position: dice.choice([1.0, -3.0, 8.0]) for position in (0, 1)[: 1 + (number >= 100)] if dice.random() < 0.7}
        for number in range(STEPS)
    ]
    kept = {number for number in range(STEPS) if dice.random() < 0.02}
    happened = {number for number in range(STEPS) if number not in kept and dice.random() < 0.01}
    nan = {number for number in range(STEPS) if number not in kept | happened and dice.random() < 0.01}
    for number in nan:
        logged[number] = {0: math.nan}
    record = writer(path, parameters=3, metrics=("loss", "reward"))
    rows = [step(i, norms[i], logged[i], kept=i in kept) for i in range(STEPS)]
    for batch in batches(rows, seed):
        seen = [
            IncidentRow(row.index, Warned(Site("train.py", row.index), "UserWarning", "careful"))
            for row in batch.steps
            if row.index in happened
        ]
        batch.incidents = seen[::2]
        record.write(batch)
        record.write(Batch(incidents=seen[1::2]))  # An incident can reach the record after its step.
    record.finish()

    read = read_record(path)
    steps = read.steps
    groups = spans(steps.index.tolist(), steps.span.tolist(), kept | happened | nan)
    assert sum(steps.span) == STEPS
    assert len(steps) < STEPS / 2

    full = [[*row, -2.0][:3] for row in norms]
    for position in range(3):
        column = [row[position] for row in full]
        for row, group in enumerate(groups):
            members = [column[i] for i in group]
            found = [table[row, position] for table in (steps.norms, steps.lowest, steps.highest)]
            expected = [newest(members), smallest(members), largest(members)]
            assert np.array_equal(found, np.float32(expected), equal_nan=True), (members, found, expected)
        counts = read.parameters[position].counts
        expected = counted(column)
        assert {name: getattr(counts, name) for name in expected} == expected
    # Steps take one second each and the mean of ones is one; a row ends when its last step did.
    assert steps.seconds.tolist() == [1.0] * len(steps)
    assert (steps.time - 1.0e9 - 1).tolist() == steps.index.tolist()

    for position, name in enumerate(("loss", "reward")):
        expected = {}
        for group in groups:
            found = [logged[i][position] for i in group if position in logged[i]]
            if found:
                expected[group[-1]] = found[-1]
        metric = read.metrics[name]
        assert metric.steps.tolist() == list(expected)
        assert np.array_equal(metric.values, list(expected.values()), equal_nan=True)
    _check_metric_bounds(path, groups, logged)


def _check_metric_bounds(path, groups, logged):
    """Thinned rows hold the bounds of each metric, which the reader leaves where they are."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT id, metrics_lowest, metrics_highest FROM steps WHERE level > 0").fetchall()
    connection.close()
    assert rows
    by_last = {group[-1]: group for group in groups}
    for last, *blobs in rows:
        bounds = [np.frombuffer(blob, np.float64) for blob in blobs]
        for position in range(2):
            found = [logged[i][position] for i in by_last[last] if position in logged[i]]
            if found:
                assert [bound[position] for bound in bounds] == [min(found), max(found)]


def test_the_newest_steps_stay_whole(small_levels, tmp_path):
    record = writer(tmp_path / "r.sqlite")
    for number in range(500):
        record.write(Batch(steps=[step(number)]))
    record.finish()
    steps = read_record(tmp_path / "r.sqlite").steps
    # A level of 16 rows is thinned when it holds 16 + 8, down to 16: never fewer than 16 whole steps.
    assert steps.span[-16:].tolist() == [1] * 16
    assert steps.index[-16:].tolist() == list(range(484, 500))
    assert sorted(steps.span.tolist(), reverse=True) == steps.span.tolist(), (
        "older rows stand for as many steps or more"
    )


def test_rows_grow_with_the_logarithm_of_the_steps(small_levels, tmp_path):
    record = writer(tmp_path / "r.sqlite")
    rows = {}
    for start in range(0, 8192, 64):
        record.write(Batch(steps=[step(number) for number in range(start, start + 64)]))
        (rows[start + 64],) = record._connection.execute("SELECT COUNT(*) FROM steps").fetchone()
    record.close()
    # n steps fill levels 0, 1, … of at least 16 rows and 2**level steps a row until they hold n: at most log2(n / 16) + 1
    # levels, none of more than 16 + 8 - 1 rows after it was looked at.
    for steps in (512, 1024, 2048, 4096, 8192):
        assert rows[steps] <= 23 * (math.log2(steps / 16) + 1), steps
    # Twice the steps are one level more: not more than 23 rows, however many there are already.
    assert rows[8192] - rows[4096] <= 23
    assert rows[8192] < 8192 / 30


def test_a_record_of_20000_steps_is_bounded(tmp_path):
    parameters, metrics = 40, 2
    record = writer(tmp_path / "r.sqlite", parameters, [f"m{i}" for i in range(metrics)])
    norms, logged = np.arange(1, parameters + 1, dtype=np.float32), {0: 1.0, 1: 2.0}
    size = 0
    for start in range(0, 20_000, 100):
        record.write(Batch(steps=[step(i, norms, logged) for i in range(start, start + 100)]))
        if start == 9_900:
            size = _bytes_used(record)
    # 16 MiB hold more rows of 3 vectors of 40 float32 (480 bytes) than LARGEST_LEVEL allows: 2048 rows a level.
    assert thin.rows_per_level(parameters) == 2048
    # 20,000 = 2048 × (1 + 2 + 4) + 5,664, and 5,664 steps are 708 rows of level 3: at most four levels, each of at most
    # 2048 + 63 rows after it was looked at (every 64 rows or more, here every 100: + 100 in level 0).
    rows = 4 * (2048 + 63) + 100
    assert len(read_record(tmp_path / "r.sqlite").steps) <= rows
    # A thinned row: 3 vectors of float32 and 3 of float64, one rate, at most 70 bytes of numbers and headers, and an entry
    # of at most 16 bytes in the index; a page that is split in the middle may be half empty.
    row = 3 * 4 * parameters + 3 * 8 * metrics + 8 + 70 + 16
    record.close()
    whole = (tmp_path / "r.sqlite").stat().st_size
    assert whole <= 2 * rows * row + 64 * 1024
    # It held 10,000 steps in three levels, and the next 10,000 are one level more: not twice the size.
    assert whole < 1.6 * size


def _bytes_used(record) -> int:
    (pages,), (size,) = (
        record._connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")
    )
    return pages * size


def test_a_record_whose_every_step_is_notable_is_bounded(small_levels, monkeypatch, tmp_path):
    monkeypatch.setattr(interning, "MOST_KEPT_STEPS", 10)
    record = writer(tmp_path / "r.sqlite")
    for number in range(512):
        record.write(Batch(steps=[step(number, metrics={0: math.nan})]))
    record.finish()
    steps = read_record(tmp_path / "r.sqlite").steps
    # The first ten are kept, the rest is thinned as ever: 23 rows a level, levels for log2(502 / 16) + 1 < 6.
    assert steps.index[:10].tolist() == list(range(10))
    assert len(steps) <= 10 + 6 * 23


@pytest.mark.parametrize(
    ("parameters", "rows"),
    [
        (0, 2048),  # nothing to hold: as many as a chart can use
        (77, 2048),  # 16 MiB / (12 × 77) = 18,157
        (1_000, 1_398),  # 16 × 1,048,576 / 12,000 = 1,398.1
        (200_000, 64),  # 6.99, but never fewer than 64
    ],
)
def test_rows_per_level(parameters, rows):
    assert thin.rows_per_level(parameters) == rows
