"""What is written is what is read, also when writing is interrupted or the disk is full."""

from __future__ import annotations

import math
import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradprobe.errors import RecordError
from gradprobe.record.reader import read_record
from gradprobe.record.rows import Batch, IncidentRow, ModuleRow, OptimizerRow, StepRow
from gradprobe.record.writer import MOST_CALLS, new_record
from gradprobe.values import Backward, OptimizerStep, Site, Warned, ZeroGrad
from tests.gradprobe.record.written import FACTS, SITE, batches, counted, parameter, step, steps, writer

NORMS = st.sampled_from([-2.0, -1.0, 0.0, math.inf, math.nan]) | st.floats(0, 2.0**100, width=32)
VALUES = st.floats(allow_nan=True)
PARAMETERS, METRICS, GROUPS, CALLS = 6, 4, 3, 5


@st.composite
def growing_steps(draw):
    """Rows whose vectors grow as parameters, groups and metrics are met."""
    rows, parameters, groups, metrics = [], 0, 0, 0
    for index in range(draw(st.integers(0, 25))):
        parameters = draw(st.integers(parameters, PARAMETERS))
        groups = draw(st.integers(groups, GROUPS))
        metrics = draw(st.integers(metrics, METRICS))
        logged = draw(st.dictionaries(st.integers(0, metrics - 1), VALUES)) if metrics else {}
        row = StepRow(
            index=index,
            time=draw(st.floats(0, 4e9)),
            seconds=draw(st.floats(0, 1e6)),
            norms=np.array(draw(st.lists(NORMS, min_size=parameters, max_size=parameters)), np.float32),
            learning_rates=np.array(draw(st.lists(VALUES, min_size=groups, max_size=groups)), np.float64),
            metrics=logged,
            calls=tuple(draw(st.lists(st.integers(0, CALLS - 1), max_size=6))),
            stepped=tuple(draw(st.sets(st.integers(0, GROUPS - 1)))),
        )
        rows.append(row)
    return rows


def padded(values, width, fill):
    return [*map(float, values), *[fill] * (width - len(values))]


@settings(max_examples=25, deadline=None)
@given(rows=growing_steps(), seed=st.integers(0, 2**32))
def test_any_steps_in_any_batches_are_read_as_they_were_written(rows, seed, tmp_path_factory):
    record = new_record(tmp_path_factory.mktemp("run") / "rank-0.sqlite", FACTS)
    for number in range(GROUPS):
        record.put_optimizer(number, OptimizerRow("Adam", None, {}), [number])
    calls = [record.call_position(ZeroGrad(SITE, f"optimizer {number}")) for number in range(CALLS)]
    known = named = 0
    for batch in batches(rows, seed):
        widest = max((len(row.norms) for row in batch.steps), default=0)
        record.put_parameters({i: parameter(f"m.p{i}") for i in range(known, widest)})
        known = max(known, widest)
        logged = max((position + 1 for row in batch.steps for position in row.metrics), default=0)
        for position in range(named, logged):
            record.put_metric(position, f"metric {position}", "log")
        named = max(named, logged)
        record.write(batch)
    record.finish()

    read = read_record(record.path)
    assert read.facts.steps == len(rows)
    assert read.steps.index.tolist() == [row.index for row in rows]
    assert read.steps.span.tolist() == [1] * len(rows)
    assert read.steps.time.tolist() == [row.time for row in rows]
    assert read.steps.seconds.tolist() == [row.seconds for row in rows]
    norms = np.array([padded(row.norms, known, -2.0) for row in rows], np.float32).reshape(len(rows), known)
    for table in (read.steps.norms, read.steps.lowest, read.steps.highest):
        assert np.array_equal(table, norms, equal_nan=True)
    rates = np.array([padded(row.learning_rates, GROUPS, math.nan) for row in rows]).reshape(len(rows), GROUPS)
    assert np.array_equal(read.steps.learning_rates, rates, equal_nan=True)
    assert list(read.metrics) == [f"metric {position}" for position in range(named)]
    for position, metric in enumerate(read.metrics.values()):
        expected = [(row.index, row.metrics[position]) for row in rows if position in row.metrics]
        assert metric.steps.tolist() == [index for index, _ in expected]
        assert np.array_equal(metric.values, [value for _, value in expected], equal_nan=True)
    for column, found in zip(norms.T.tolist(), read.parameters, strict=True):
        assert {name: getattr(found.counts, name) for name in counted(column)} == counted(column)
    patterns = [read.patterns[position] for position in read.steps.pattern]
    assert patterns == [row.calls for row in rows]
    for position, seen in zip(calls, read.calls, strict=True):
        at = [row.index for row in rows for call in row.calls if call == position]
        expected = (at[0], at[-1], len(at)) if at else (-1, -1, 0)
        assert (seen.first_step, seen.last_step, seen.count) == expected
    stepped = [sum(number in row.stepped for row in rows) for number in range(GROUPS)]
    assert [optimizer.steps for optimizer in read.optimizers] == stepped


def test_what_is_known_of_a_run_is_read_back(tmp_path):
    record = writer(tmp_path / "rank-0.sqlite", kind="AdamW")
    record.write(steps(3))
    record.set_facts({"torch": "2.13.0", "exit_code": 1, "exception": "ValueError: no", "stopped_by": "exception"})
    record.finish()
    read = read_record(record.path, ranks=2)
    facts = read.facts
    assert (facts.script, facts.argv, facts.python, facts.started) == (
        "train.py",
        ("--epochs", "3"),
        "3.11.7",
        "2026-11-22T20:00:00Z",
    )
    assert (facts.torch, facts.exit_code, facts.exception) == ("2.13.0", 1, "ValueError: no")
    assert (facts.stopped_by, facts.ranks, facts.device, facts.path) == ("exception", 2, "cpu", str(tmp_path))
    assert facts.seconds == 3.0  # Step 2 ended three seconds after the start; no duration was noted.
    assert [(one.name, one.module, one.shape, one.elements) for one in read.parameters] == [
        ("model.p0", "model", (3, 2), 6),
        ("model.p1", "model", (3, 2), 6),
    ]
    assert [(one.type, one.built, one.steps, one.settings) for one in read.optimizers] == [
        ("AdamW", SITE, 3, {"lr": 0.5})
    ]
    assert [(one.name, one.type, one.depth, one.parameters.tolist()) for one in read.modules] == [
        ("model", "Linear", 0, [0, 1])
    ]
    assert read.groups == (0,)


def test_a_record_is_never_written_over(tmp_path):
    path = tmp_path / "rank-0.sqlite"
    writer(path).finish()
    before = path.read_bytes()
    with pytest.raises(RecordError, match=r"expected a new record, found .*rank-0.sqlite.*name another directory"):
        new_record(path, FACTS)
    assert path.read_bytes() == before


@pytest.mark.parametrize("where", ["missing/rank-0.sqlite", "file/rank-0.sqlite"])
def test_a_record_that_cannot_be_created(where, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RecordError, match=r"cannot write the record .*unable to open.*--output") as caught:
        new_record(tmp_path / where, FACTS)
    assert "\n" not in str(caught.value)


def test_a_closed_record_is_one_file(tmp_path):
    record = writer(tmp_path / "rank-0.sqlite")
    record.write(steps(3))
    assert (tmp_path / "rank-0.sqlite-wal").exists(), "while it is written, readers meet a log beside it"
    record.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["rank-0.sqlite"]


def test_a_reader_does_not_keep_the_writer_from_closing(tmp_path):
    record = writer(tmp_path / "rank-0.sqlite")
    record.write(steps(3))
    reader = sqlite3.connect(f"file:{record.path}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM steps").fetchone()
    record.finish()
    assert read_record(record.path).facts.steps == 3
    reader.close()
    assert read_record(record.path).facts.steps == 3


def test_modules_that_are_met_later_leave_the_counts_of_others(tmp_path):
    record = new_record(tmp_path / "rank-0.sqlite", FACTS)
    record.put_parameters({0: parameter("b.w")})
    record.put_modules([ModuleRow("b", "Linear", 0, (0,))])
    record.write(Batch(steps=[step(0, [1.0], {}), step(1, [0.0], {})]))
    record.put_parameters({1: parameter("a.w")})
    record.put_modules([ModuleRow("a", "Linear", 0, (1,)), ModuleRow("b", "Linear", 0, (0,))])
    record.write(Batch())  # No step any more: the run ended with it.
    counts = {module.name: module.counts for module in read_record(record.path).modules}
    # b: step 0 flowed, step 1 was zero. a was never looked at.
    assert (counts["b"].flowing, counts["b"].zero, counts["b"].last_flowing) == (1, 1, 0)
    assert (counts["a"].looked_at, counts["a"].last_flowing) == (0, -1)
    record.write(Batch(steps=[step(2, [2.0, math.nan], {})]))
    record.finish()
    counts = {module.name: module.counts for module in read_record(record.path).modules}
    assert (counts["b"].flowing, counts["b"].zero, counts["b"].last_flowing) == (2, 1, 2)
    assert (counts["a"].non_finite, counts["a"].looked_at) == (1, 1)


def test_incidents_and_calls_outside_a_step(tmp_path):
    record = writer(tmp_path / "rank-0.sqlite")
    call = Backward(SITE, "loss", scaled=True)
    position = record.call_position(call)
    assert record.call_position(Backward(SITE, "loss", scaled=True)) == position
    assert record.call_at(position) == call
    record.write(Batch(steps=[step(0, calls=(position,))]))
    late = Warned(SITE, "UserWarning", "no step followed")
    record.write(Batch(loose_calls=[(1, position)], incidents=[IncidentRow(1, late)]))
    record.finish()
    read = read_record(record.path)
    assert [(seen.call, seen.first_step, seen.last_step, seen.count) for seen in read.calls] == [(call, 0, 1, 2)]
    assert [(seen.incident, seen.first_step, seen.count) for seen in read.incidents] == [(late, 1, 1)]


def test_different_calls_are_bounded(tmp_path):
    record = writer(tmp_path / "rank-0.sqlite")
    positions = [record.call_position(OptimizerStep(SITE, number)) for number in range(MOST_CALLS + 2)]
    assert positions == [*range(MOST_CALLS), None, None]
    record.finish()
    assert len(read_record(record.path).calls) == MOST_CALLS


@pytest.mark.parametrize(
    "name", ["[bold red]", "x" * 10_000, "tab\tand\x00nul\x1b[31m", "模型.權重", "a'; DROP TABLE steps; --", ""]
)
def test_hostile_names_are_read_as_they_were_written(name, tmp_path):
    record = new_record(tmp_path / "rank-0.sqlite", FACTS)
    record.put_parameters({0: parameter(name)})
    record.put_modules([ModuleRow(name, name, 0, (0,))])
    record.put_metric(0, name, "log")
    record.write(Batch(steps=[step(0, [1.0], {0: 2.0})]))
    record.finish()
    read = read_record(record.path)
    assert (read.parameters[0].name, read.modules[0].name, read.modules[0].type) == (name, name, name)
    assert list(read.metrics) == [name]


def test_half_a_surrogate_pair_is_spelled_out_because_sqlite_cannot_hold_it(tmp_path):
    record = new_record(tmp_path / "rank-0.sqlite", {**FACTS, "script": "train\udcff.py"})
    record.put_parameters({0: parameter("w\ud800")})
    record.put_metric(0, "m\udcff", "log")
    record.write(Batch(steps=[step(0, [1.0])], incidents=[IncidentRow(0, Warned(Site("\udcff.py", 1), "W", "\ud800"))]))
    record.finish()
    read = read_record(record.path)
    assert (read.parameters[0].name, list(read.metrics)) == ("w\\ud800", ["m\\udcff"])
    assert read.facts.script == "train\udcff.py"
    assert read.incidents[0].incident == Warned(Site("\udcff.py", 1), "W", "\ud800")


def test_steps_keep_only_so_many_calls(tmp_path, monkeypatch):
    monkeypatch.setattr("gradprobe.record.writer.LONGEST_PATTERN", 3)
    monkeypatch.setattr("gradprobe.record.writer.MOST_PATTERNS", 2)
    record = writer(tmp_path / "rank-0.sqlite")
    a, b = (record.call_position(OptimizerStep(SITE, number)) for number in range(2))
    patterns = [(a, b, a, b, b), (a,), (b,), (a,)]
    record.write(Batch(steps=[step(index, calls=calls) for index, calls in enumerate(patterns)]))
    record.finish()
    read = read_record(record.path)
    assert read.patterns == ((a, b, a), (a,))
    assert read.steps.pattern.tolist() == [0, 1, -1, 1]
    assert [seen.count for seen in read.calls] == [4, 4], "calls beyond the pattern are counted all the same"


class Interrupting(sqlite3.Connection):
    """A connection on which Ctrl-C, or a fault of the disk, arrives before or after one statement."""

    left = math.inf
    error: BaseException = KeyboardInterrupt()
    after = False

    def execute(self, *statement):
        return self._do(super().execute, statement)

    def executemany(self, *statement):
        return self._do(super().executemany, statement)

    def _do(self, run, statement):
        self.left -= 1
        if self.left == 0 and not self.after:
            raise self.error
        result = run(*statement)
        if self.left == 0:
            raise self.error
        return result


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), sqlite3.OperationalError("database or disk is full")], ids=repr)
def test_a_write_that_is_cut_short_anywhere_is_made_good_by_the_next(error, after, tmp_path, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, factory=Interrupting, **k))
    monkeypatch.setattr("gradprobe.record.writer.THIN_EVERY", 1)
    statement, finished = 0, False
    while not finished:
        statement += 1
        path = tmp_path / f"{statement}.sqlite"
        record = writer(path)
        a, b = (record.call_position(OptimizerStep(SITE, number)) for number in range(2))
        record.write(Batch(steps=[step(0, calls=(a,))]))
        connection = record._connection
        connection.left, connection.error, connection.after = statement, error, after
        record.put_metric(1, "met late", "log")
        incident = IncidentRow(1, Warned(SITE, "UserWarning", "careful"))
        try:
            record.write(Batch(steps=[step(1, [-1.0, 0.0], {1: 5.0}, calls=(b, a))], incidents=[incident]))
            finished = True  # The write has fewer statements than this.
        except type(error):
            assert not connection.in_transaction
        connection.left = math.inf
        committed = len(read_record(path).steps)
        assert committed in (1, 2), "what was committed before stays"
        record.write(Batch(steps=[step(2, [3.0, 4.0], calls=(b,))]))
        record.finish()
        read = read_record(path)
        assert read.steps.index.tolist() == [0, 1, 2]
        assert [read.patterns[position] for position in read.steps.pattern] == [(a,), (b, a), (b,)]
        # a in steps 0 and 1, b in steps 1 and 2: each once.
        assert [(seen.first_step, seen.last_step, seen.count) for seen in read.calls] == [(0, 1, 2), (1, 2, 2)]
        assert [(seen.first_step, seen.count) for seen in read.incidents] == [(1, 1)]
        counts = [one.counts for one in read.parameters]
        assert [(one.flowing, one.zero, one.none) for one in counts] == [(2, 0, 1), (2, 1, 0)]
        assert read.optimizers[0].steps == 3
        assert read.metrics["met late"].values.tolist() == [5.0]
    assert statement > 8, "a write has more statements than that"


def test_a_full_disk_raises_and_what_was_committed_stays(tmp_path):
    record = writer(tmp_path / "rank-0.sqlite", parameters=200)
    norms = np.arange(200, dtype=np.float32)
    record.write(Batch(steps=[step(i, norms) for i in range(20)]))
    (pages,) = record._connection.execute("PRAGMA page_count").fetchone()
    record._connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    written = 20
    with pytest.raises(sqlite3.Error, match="full"):
        # A step has 800 bytes of norms, so that three pages of 4096 bytes hold at most 15.
        while written < 20 + 16:
            record.write(Batch(steps=[step(written, norms)]))
            written += 1
    read = read_record(record.path)
    assert read.steps.index.tolist() == list(range(written))
    assert {one.counts.looked_at for one in read.parameters} == {written}
    assert read.optimizers[0].steps == written
    # Room again: nothing is missing, and nothing is counted twice.
    record._connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
    record.write(Batch(steps=[step(written + 1, norms)]))
    record.finish()
    read = read_record(record.path)
    assert read.steps.index.tolist() == list(range(written + 2))
    assert {one.counts.looked_at for one in read.parameters} == {written + 2}


def test_closing_on_a_full_disk_keeps_the_record_readable(tmp_path):
    record = writer(tmp_path / "rank-0.sqlite")
    record.write(steps(20))
    (pages,) = record._connection.execute("PRAGMA page_count").fetchone()
    record._connection.execute(f"PRAGMA max_page_count = {pages}")
    record.set_facts({"exception": "x" * 100_000})
    with pytest.raises(sqlite3.Error, match="full"):
        record.finish()
    assert read_record(record.path).facts.steps == 20
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        record.write(Batch())
