"""A record is read whole, or refused in one line that says what was expected, what was found and what to do."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradprobe.errors import RecordError
from gradprobe.record import schema
from gradprobe.record.frames import Run
from gradprobe.record.reader import read_record
from gradprobe.record.record import Record
from gradprobe.record.rows import Batch, IncidentRow
from gradprobe.record.writer import new_record
from gradprobe.values import Backward, OptimizerStep, Warned, ZeroGrad
from tests.gradprobe.record.written import FACTS, SITE, parameter, step, steps, writer

CHECKOUT = Path(__file__).parents[3]
PROGRAM = "tests.gradprobe.record.writing_for_ever"


def refused(path: Path) -> str:
    """Return the one line with which a file is refused."""
    with pytest.raises(RecordError) as caught:
        read_record(path)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("expected a"), line
    assert str(path) in line
    assert any(word in line for word in ("; name", "; copy", "; upgrade", "; run", ": the run ended")), line
    return line


def consistent(record: Record) -> int:
    """Check that rows and totals tell of the same steps, and return how many there are."""
    count = record.facts.steps
    # Rows may have been merged already, where the machine let the writer run for long.
    assert record.steps.index.tolist() == (record.steps.span.cumsum() - 1).tolist()
    assert record.steps.span.sum() == count
    for one in (*record.parameters, *record.modules):
        assert one.counts.looked_at == count
        assert one.counts.last_flowing == count - 1
    assert [optimizer.steps for optimizer in record.optimizers] == [count] * len(record.optimizers)
    return count


def read_all(record: Record) -> None:
    """Use a record in every way there is."""
    run = Run(record)
    for frame in (run.steps, run.parameters, run.modules, run.metrics, run.events):
        assert len(frame) >= 0
    assert sum(1 for _ in run.each_step()) == len(record.steps)


@pytest.fixture(scope="module")
def sound(tmp_path_factory) -> Path:
    """A closed record of 40 steps with something in every table."""
    record = writer(tmp_path_factory.mktemp("sound") / "rank-0.sqlite", parameters=5, metrics=("loss", "reward"))
    calls = [
        record.call_position(call)
        for call in (Backward(SITE, "loss"), OptimizerStep(SITE, 0), ZeroGrad(SITE, "optimizer 0"))
    ]
    for index in range(40):
        row = step(index, [1.0, 2.0, 0.0, -1.0, -2.0], {0: 1.0, 1: float(index)}, calls=tuple(calls))
        record.write(Batch(steps=[row], incidents=[IncidentRow(index, Warned(SITE, "UserWarning", "careful"))]))
    record.set_facts({"torch": "2.13.0", "seconds": 40.0, "exit_code": 0, "stopped_by": "script"})
    record.finish()
    return record.path


# A record that is being written


def test_a_record_is_read_while_it_is_written(tmp_path):
    record = writer(tmp_path / "rank-0.sqlite")
    for count in (0, 3, 6):
        assert consistent(read_record(record.path)) == count
        record.write(steps(3, count))
    assert read_record(record.path).facts.stopped_by is None
    record.finish()
    assert consistent(read_record(record.path)) == 9


def test_reading_in_the_writers_own_process_leaves_it_its_locks(tmp_path):
    # Closing a file takes this process's locks from it, also those that SQLite holds through another descriptor: a
    # program that opens the record next would then believe that it is alone, and remove the log under the writer.
    record = writer(tmp_path / "rank-0.sqlite")
    record.write(steps(3))
    read_record(record.path)
    visit = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM steps').fetchall(); c.close()"
    )
    subprocess.run([sys.executable, "-S", "-c", visit, str(record.path)], check=True)
    record.write(steps(3, 3))
    assert Path(f"{record.path}-wal").exists(), "the log is still where others look for it"
    assert consistent(read_record(record.path)) == 6
    record.finish()
    assert consistent(read_record(record.path)) == 6


@contextmanager
def written_by_others(paths: list[Path]) -> Iterator[list[int]]:
    """Have processes write these records without end, and give their ids; they are dead afterwards."""
    program = subprocess.Popen(
        [sys.executable, "-m", PROGRAM, *map(str, paths)],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        children = [int(word) for word in program.stdout.readline().split()]
        try:
            ends = time.monotonic() + 30
            while not all(told(path) for path in paths):
                assert time.monotonic() < ends, "the writers did not begin"
                time.sleep(0.005)
            yield children
        finally:
            for child in children:
                os.kill(child, signal.SIGKILL)  # Again, for some: the program has not waited for them yet.
            program.communicate(timeout=30)


def told(path: Path) -> int:
    """Return how many steps the writer of a record has said to be committed."""
    beside = Path(f"{path}.told")
    lines = beside.read_text().splitlines() if beside.exists() else []
    return int(lines[-1]) if lines else 0


def test_a_record_is_read_while_another_process_writes_it(tmp_path):
    path = tmp_path / "rank-0.sqlite"
    with written_by_others([path]):
        counts = []
        for _ in range(5):
            committed = told(path)
            counts.append(consistent(read_record(path)))
            assert counts[-1] >= committed
    assert counts == sorted(counts)
    assert all(count % 5 == 0 for count in counts), "a batch is there whole or not at all"


def test_a_record_of_a_process_that_was_killed_lacks_no_committed_batch(tmp_path):
    dice = random.Random(20261122)
    paths = [tmp_path / f"{number}.sqlite" for number in range(20)]
    with written_by_others(paths) as children:
        for child in children:
            time.sleep(dice.random() * 0.02)
            os.kill(child, signal.SIGKILL)
    counts = [consistent(read_record(path)) for path in paths]
    # The newest batch may be committed and not told, never told and not committed.
    assert all(count - told(path) in (0, 5) for path, count in zip(paths, counts, strict=True)), counts
    assert len(set(counts)) > 5, "the moments were different ones"
    assert any(Path(f"{path}-wal").stat().st_size for path in paths), "nobody tidied up after them"


# A record that was damaged


def test_a_record_cut_off_anywhere(sound, tmp_path):
    whole = sound.read_bytes()
    lengths = {0, 1, 15, 16, 17, 99, 100, 511, 512, 513, len(whole) - 1, *range(4096, len(whole), 4096)}
    lengths |= {random.Random(1).randrange(len(whole)) for _ in range(20)}
    path = tmp_path / "rank-0.sqlite"
    for length in sorted(lengths):
        path.write_bytes(whole[:length])
        assert refused(path)


def test_a_log_cut_off_anywhere_loses_only_the_newest_batches(tmp_path):
    record = writer(tmp_path / "rank-0.sqlite")
    for start in range(0, 20, 5):
        record.write(steps(5, start))
    main, log = record.path.read_bytes(), Path(f"{record.path}-wal").read_bytes()
    record.finish()
    counts = []
    for length in [*range(0, len(log), 3001), len(log)]:
        folder = tmp_path / str(length)
        folder.mkdir()
        (folder / "rank-0.sqlite").write_bytes(main)
        (folder / "rank-0.sqlite-wal").write_bytes(log[:length])
        try:
            counts.append(consistent(read_record(folder / "rank-0.sqlite")))
        except RecordError as error:
            assert not counts, "what could be read from a shorter log can be read from a longer one"
            assert "the run ended before it began" in str(error)
    assert counts == sorted(counts)
    assert set(counts) == {0, 5, 10, 15, 20}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_record_with_garbage_in_it_is_read_or_refused(data, sound, tmp_path):
    damaged = bytearray(sound.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        garbage = data.draw(st.binary(min_size=1, max_size=32))
        damaged[at : at + len(garbage)] = garbage
    path = tmp_path / "rank-0.sqlite"
    path.write_bytes(damaged)
    try:
        record = read_record(path)
    except RecordError as error:
        assert "\n" not in str(error)
        assert str(error).startswith("expected ")
        return
    read_all(record)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE steps SET norms = X'000000' WHERE id = 3", "damaged"),
        ("UPDATE steps SET norms = 'text' WHERE id = 3", "damaged"),
        ("UPDATE steps SET span = 0 WHERE id = 3", "damaged"),
        ("UPDATE facts SET value = '{' WHERE key = 'script'", "damaged"),
        ("UPDATE facts SET value = 'null' WHERE key = 'argv'", "damaged"),
        ("DELETE FROM facts WHERE key = 'started'", "damaged"),
        ("UPDATE parameters SET shape = '[\"x\"]'", "damaged"),
        ("UPDATE totals SET counts = X'00'", "damaged"),
        ("DROP TABLE incidents", "damaged"),
        ("DELETE FROM facts", "ended before it began"),
    ],
)
def test_a_record_that_was_tampered_with_is_refused(statement, found, sound, tmp_path):
    path = tampered(sound, tmp_path, statement)
    assert found in refused(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE modules SET parameters = X'FFFFFFFF00000000FFFFFF7F'",  # -1, 0, 2147483647
        'UPDATE parameters SET "group" = 7',
        "UPDATE steps SET pattern = 9223372036854775807",
        "UPDATE patterns SET id = id + 4611686018427387904",
        "UPDATE steps SET time = 1e300",
        "DELETE FROM groups",
        "DELETE FROM totals",
        "DELETE FROM optimizers",
    ],
)
def test_a_record_whose_parts_do_not_fit_is_read_without_them(statement, sound, tmp_path):
    record = read_record(tampered(sound, tmp_path, statement))
    read_all(record)
    assert len(record.steps) == 40
    assert all(set(module.parameters) <= set(range(5)) for module in record.modules)


def test_a_call_of_a_newer_gradprobe_leaves_the_others_their_places(sound, tmp_path):
    # Calls were backward, step, zero_grad; the first is now of a kind that this gradprobe does not know.
    record = read_record(tampered(sound, tmp_path, "UPDATE calls SET kind = 'Teleported' WHERE id = 0"))
    assert [seen.call for seen in record.calls] == [OptimizerStep(SITE, 0), ZeroGrad(SITE, "optimizer 0")]
    first = next(Run(record).each_step())
    assert first.calls == (OptimizerStep(SITE, 0), ZeroGrad(SITE, "optimizer 0"))


def tampered(sound: Path, folder: Path, statement: str) -> Path:
    path = Path(shutil.copy(sound, folder / "rank-0.sqlite"))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement)
    connection.close()
    return path


# What is no record


def test_what_is_no_record(tmp_path, sound):
    missing = tmp_path / "missing.sqlite"
    assert "found nothing" in refused(missing)
    (tmp_path / "empty.sqlite").touch()
    assert "the run ended before it began" in refused(tmp_path / "empty.sqlite")
    for content in (b"\n", b"import torch\n", b"import torch\n" * 1000, b"PK\x03\x04" + bytes(2000)):
        foreign = tmp_path / "foreign.sqlite"
        foreign.write_bytes(content)
        assert "another kind of file" in refused(foreign)
    assert "another kind of file" in refused(sound.parent)
    assert "cannot read it: Not a directory" in refused(sound / "rank-0.sqlite")
    assert "cannot read it: File name too long" in refused(tmp_path / ("x" * 300))


@pytest.mark.timeout(20)
def test_a_pipe_is_no_record_and_nobody_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "rank-0.sqlite")
    assert "another kind of file" in refused(tmp_path / "rank-0.sqlite")


def test_a_database_of_another_program(tmp_path):
    path = tmp_path / "other.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE facts (key TEXT, value TEXT)")
    connection.close()
    assert "another program" in refused(path)


def test_a_record_of_a_newer_gradprobe(sound, tmp_path):
    newer = schema.VERSION + 1
    path = tampered(sound, tmp_path, f"PRAGMA user_version = {newer}")
    line = refused(path)
    assert f"schema {schema.VERSION} or older, found schema {newer}" in line
    assert "upgrade" in line


def test_a_record_that_ended_before_it_began(tmp_path):
    path = tmp_path / "rank-0.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")  # Killed here: a header and no table.
    assert "the run ended before it began" in refused(path)
    connection.executescript(schema.CREATION)  # Killed here: tables and no facts.
    assert "the run ended before it began" in refused(path)
    connection.close()


@pytest.mark.timeout(60)
def test_a_record_locked_by_another_program(sound, tmp_path, monkeypatch):
    path = tampered(sound, tmp_path, "PRAGMA user_version = 1")
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0.05}))
    other = connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(RecordError, match=r"found .* locked by another program; close that, or try again"):
        read_record(path)
    other.execute("COMMIT")
    other.close()
    assert read_record(path).facts.steps == 40


# Places that cannot be written


def unfinished(folder: Path) -> Path:
    """A record without the `-shm` file beside it, as a copy of a run that was killed: its steps are in the log alone."""
    record = writer(folder / "writing.sqlite")
    record.write(steps(7))
    place = folder / "read-only"
    place.mkdir()
    shutil.copy(record.path, place / "rank-0.sqlite")
    shutil.copy(f"{record.path}-wal", place / "rank-0.sqlite-wal")
    record.finish()
    return place / "rank-0.sqlite"


def test_a_copy_with_its_log_is_read_whole(tmp_path):
    assert consistent(read_record(unfinished(tmp_path))) == 7


def test_a_copy_whose_shared_memory_cannot_be_made_is_read_from_a_copy(tmp_path):
    # What a read-only directory does to everybody but root: the file beside the record cannot be created. Here because a
    # directory stands in its place.
    path = unfinished(tmp_path)
    Path(f"{path}-shm").mkdir()
    assert consistent(read_record(path)) == 7
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "rank-0.sqlite",
        "rank-0.sqlite-shm",
        "rank-0.sqlite-wal",
    ]


@contextmanager
def without_privileges() -> Iterator[Path]:
    """Give a directory of this user's, and be a user whom permissions bind; root becomes nobody."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own lies in a place that is root's alone.
        place = Path(folder)
        place.chmod(0o755)
        try:
            yield place
        finally:
            if os.getuid() == 0:
                os.seteuid(0)
            for directory in place.glob("**/"):
                directory.chmod(0o700)


def give_up_privileges() -> None:
    if os.getuid() == 0:
        os.seteuid(65534)


def test_a_read_only_directory():
    with without_privileges() as folder:
        path = unfinished(folder)
        path.parent.chmod(0o555)
        give_up_privileges()
        with pytest.raises(PermissionError):
            (path.parent / "probe").touch()
        assert consistent(read_record(path)) == 7
        assert sorted(file.name for file in path.parent.iterdir()) == ["rank-0.sqlite", "rank-0.sqlite-wal"]


def test_a_record_that_may_not_be_read():
    with without_privileges() as folder:
        path = unfinished(folder)
        path.chmod(0)
        give_up_privileges()
        assert "cannot read it: Permission denied" in refused(path)


def test_a_finished_record_is_read_without_leaving_a_trace(sound):
    before = {file: file.stat().st_mtime_ns for file in sound.parent.iterdir()}
    assert read_record(sound).facts.steps == 40
    assert {file: file.stat().st_mtime_ns for file in sound.parent.iterdir()} == before


# What is said of a run


def test_a_metric_that_the_script_logs_under_the_name_of_a_loss(tmp_path):
    record = new_record(tmp_path / "rank-0.sqlite", FACTS)
    for position, source in enumerate(("loss", "log", "gradprobe")):
        record.put_metric(position, "loss", source)
    record.write(Batch(steps=[step(0, (), {0: 1.0, 1: 2.0, 2: 3.0})]))
    record.finish()
    found = {name: metric.values.tolist() for name, metric in read_record(record.path).metrics.items()}
    assert found == {"loss at backward": [1.0], "loss": [2.0], "loss of gradprobe": [3.0]}


def test_a_run_without_a_step(tmp_path):
    record = new_record(tmp_path / "rank-0.sqlite", FACTS)
    record.finish()
    read = read_record(record.path)
    assert (read.facts.steps, read.facts.device, read.facts.torch, read.facts.seconds) == (0, "", "", 0.0)
    assert read.steps.norms.shape == (0, 0)
    read_all(read)


def test_the_device_is_the_one_with_the_most_elements(tmp_path):
    record = new_record(tmp_path / "rank-0.sqlite", FACTS)
    rows = [((10, 10), "cuda:0"), ((7,), "cpu"), ((7, 7), "cpu")]  # 100 against 7 + 49
    record.put_parameters(
        {i: replace(parameter(f"p{i}"), shape=shape, device=device) for i, (shape, device) in enumerate(rows)}
    )
    record.finish()
    assert read_record(record.path).facts.device == "cuda:0"
