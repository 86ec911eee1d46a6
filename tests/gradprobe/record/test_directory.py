"""Where a run is kept, and which one is meant."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gradprobe.errors import RecordError
from gradprobe.launch import Launch
from gradprobe.record.directory import create_run, find_record, find_run, rank_files, record_path


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def recorded(script: str, *, rank: int = 0, age: float = 0.0) -> Path:
    """A run with a file for its record, last written so many seconds ago."""
    run = create_run(script, output=None, launched=Launch(rank, rank + 1))
    record_path(run, rank).touch()
    moment = time.time() - age
    os.utime(record_path(run, rank), (moment, moment))
    return run


def refused(call, *arguments, **options) -> str:
    with pytest.raises(RecordError) as caught:
        call(*arguments, **options)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("expected ")
    return line


def test_a_run_is_kept_below_the_working_directory_out_of_sight_of_git(here):
    run = create_run("src/train.py", output=None)
    assert run.parent == here / ".gradprobe"
    name, date, clock = run.name.rsplit("-", 2)
    assert (name, len(date), len(clock)) == ("train", 8, 6)
    assert (here / ".gradprobe" / ".gitignore").read_text().splitlines()[-1] == "*"


def test_a_gitignore_of_ones_own_is_left_alone(here):
    (here / ".gradprobe").mkdir()
    (here / ".gradprobe" / ".gitignore").write_text("!keep\n")
    create_run("train.py", output=None)
    assert (here / ".gradprobe" / ".gitignore").read_text() == "!keep\n"


def test_runs_of_the_same_second_have_directories_of_their_own():
    assert len({create_run("train.py", output=None) for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("script", "begins"),
    [
        ("-m package.train", "package.train-"),
        ("../../etc/train.v2.py", "train.v2-"),
        ("train\n[bold]/x;y.py", "x-y-"),
        ("a\nb\tc\x1b.py", "a-b-c--"),
        ("..", "..-"),
        ("", "run-"),
        ("/", "run-"),
        ("模型.py", "模型-"),
        ("bad\udcff.py", "bad--"),
        ("x" * 10_000 + ".py", "x" * 80 + "-2"),
        ("模" * 200 + ".py", "模" * 26 + "-2"),  # 26 × 3 bytes: the next would end at byte 81
    ],
)
def test_hostile_names_of_scripts(script, begins, here):
    run = create_run(script, output=None)
    assert run.name.startswith(begins)
    assert run.is_dir()
    assert run.parent == here / ".gradprobe"
    assert len(os.fsencode(run.name)) <= 100
    assert run.name.isprintable()


def test_a_directory_of_ones_own(here):
    output = here / "deep" / "er"
    assert create_run("train.py", output=output) == output
    assert list(output.iterdir()) == [], "the probe for writing is gone"
    assert not (here / ".gradprobe").exists(), "nothing else is written"
    assert create_run("train.py", output=output) == output, "an empty directory is as good as a new one"


def test_a_run_is_not_recorded_over(here):
    record_path(create_run("train.py", output=here / "out")).touch()
    line = refused(create_run, "train.py", output=here / "out")
    assert f"found a run in {here / 'out'}" in line
    assert "--output" in line


def test_another_rank_joins_the_directory_that_was_named(here):
    record_path(create_run("train.py", output=here / "out", launched=Launch(0, 2)), 0).touch()
    assert create_run("train.py", output=here / "out", launched=Launch(1, 2)) == here / "out"


@pytest.mark.parametrize("place", ["file", "file/below", "x" * 300, "/proc/none"])
def test_an_output_that_cannot_be_created(place, here):
    (here / "file").touch()
    line = refused(create_run, "train.py", output=here / place)
    assert str(here / place) in line
    assert "--output DIR" in line


def test_a_home_that_is_a_file(here):
    (here / ".gradprobe").touch()
    line = refused(create_run, "train.py", output=None)
    assert str(here / ".gradprobe") in line
    assert "File exists" in line


def test_a_working_directory_that_was_removed(here, monkeypatch):
    gone = here / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert "No such file" in refused(create_run, "train.py", output=None)
    assert "found none" in refused(find_run, None)


def test_the_newest_run_is_meant_when_none_is_named():
    old, new, older = (recorded("train.py", age=age) for age in (50, 1, 90))
    assert find_run(None) == new
    assert find_record(None) == new / "rank-0.sqlite"
    create_run("train.py", output=None)  # Without a record: its script never came so far.
    assert find_run(None) == new
    assert find_run(older) == older
    assert find_record(old) == old / "rank-0.sqlite"


def test_a_record_stands_for_its_run():
    run = recorded("train.py")
    assert find_run(run / "rank-0.sqlite") == run
    assert find_record(run / "rank-0.sqlite") == run / "rank-0.sqlite"


def test_ranks_are_in_the_order_of_their_numbers(here):
    for rank in (10, 2, 0, 1):
        record_path(here, rank).touch()
    (here / "rank-0.sqlite-wal").touch()
    assert [path.name for path in rank_files(here)] == [f"rank-{rank}.sqlite" for rank in (0, 1, 2, 10)]
    (here / "rank-0.sqlite").unlink()
    assert find_record(here) == here / "rank-1.sqlite"


def test_a_job_that_is_started_anew_finds_its_first_attempt_in_the_directory_that_was_named(here):
    record_path(create_run("train.py", output=here / "out", launched=Launch(1, 2)), 1).touch()
    assert create_run("train.py", output=here / "out", launched=Launch(1, 2, restarts=1)) == here / "out"
    with pytest.raises(RecordError, match="found a run in"):
        create_run("train.py", output=here / "out", launched=Launch(1, 2))


def test_nothing_to_find(here):
    assert "record one with `gradprobe run train.py`" in refused(find_run, None)
    assert f"found nothing at {here / 'none'}; record one with" in refused(find_run, here / "none")
    assert f"found no record in {here}" in refused(find_record, here)
    run = recorded("train.py")
    assert f"the newest is {run}" in refused(find_run, here / "none")


@pytest.mark.parametrize("named", ["x" * 300, "y" * 5000, "a\x00b", "/dev/null"])
def test_names_that_no_run_can_have(named):
    assert "found no" in refused(find_run, Path(named))
    assert "found no" in refused(find_record, Path(named))
