"""How a rank of a run stands, from its record alone."""

import os
import platform
import subprocess
import sys
import time

import pytest

from gradprobe.errors import RecordError
from gradprobe.live.glance import SILENT, glance, glances
from gradprobe.record.directory import child_path, rank_files, record_path
from gradprobe.record.writer import new_record
from tests.gradprobe.live.runs import write_run
from tests.support.jobs import write_rank


@pytest.fixture
def dead():
    """The number of a process that is no more."""
    program = subprocess.Popen([sys.executable, "-c", ""])
    program.wait()
    return program.pid


def at(tmp_path, *, age=0.0, **facts):
    """A record with other facts, last written to so many seconds ago."""
    path = record_path(write_run(tmp_path / "run", facts=facts))
    past = time.time() - age
    os.utime(path, (past, past))
    return glance(path)


def test_what_there_is_to_see(tmp_path):
    one = at(tmp_path)
    assert (one.rank, one.record.facts.steps) == (0, 5)
    assert one.loss == pytest.approx(1.6)  # 2.0 - 4 / 10
    assert one.norm == pytest.approx(0.5)  # Of agent; qwen has none.
    assert one.idle < SILENT


def test_a_run_that_ended_is_over(tmp_path):
    assert at(tmp_path, exit_code=0, stopped_by="script").is_over
    assert not at(tmp_path / "other", exit_code=None, stopped_by=None, pid=os.getpid()).is_over


def test_a_run_whose_process_is_gone_is_over_when_it_has_been_silent(tmp_path, dead):
    here = platform.node()
    assert not at(tmp_path / "a", pid=dead, host=here).is_over
    assert at(tmp_path / "b", pid=dead, host=here, age=2 * SILENT).is_over
    assert not at(tmp_path / "c", pid=os.getpid(), host=here, age=2 * SILENT).is_over
    # Nobody can tell what became of a process on another machine.
    assert not at(tmp_path / "d", pid=dead, host="elsewhere", age=2 * SILENT).is_over


def test_a_record_that_is_just_being_made_is_waited_for(tmp_path):
    (tmp_path / "rank-3.sqlite").touch()
    one = glance(tmp_path / "rank-3.sqlite")
    assert (one.rank, one.record, one.is_over) == (3, None, False)


def test_a_file_that_is_no_record_is_an_error(tmp_path):
    path = tmp_path / "rank-0.sqlite"
    path.write_text("something else" * 100)
    os.utime(path, (0, 0))
    with pytest.raises(RecordError, match="expected a record, found another kind of file"):
        glance(path)


def test_without_a_step_there_is_no_loss_and_no_norm(tmp_path):
    path = tmp_path / "rank-0.sqlite"
    facts = {"script": "train.py", "argv": [], "python": "3.11", "started": "", "started_time": 1e9}
    new_record(path, facts).finish()
    one = glance(path)
    assert (one.loss, one.norm, one.is_over) == (None, None, False)


def test_processes_that_nobody_numbered_are_numbered_and_those_that_train_come_first(tmp_path):
    """Children of multiprocessing, and the program that started them and never trains itself."""
    write_rank(tmp_path, 0, world=1, steps=0, norms=(), names=())
    for pid in (40, 7):
        write_rank(tmp_path, 0, world=1, path=child_path(tmp_path, pid), pid=pid, child=True)
    found = glances(rank_files(tmp_path))
    assert [(one.rank, one.record.facts.pid, one.has_trained) for one in found] == [
        (0, 7, True),
        (1, 40, True),
        (2, 1, False),
    ]


def test_ranks_keep_their_numbers(tmp_path):
    for rank in (3, 1):
        write_rank(tmp_path, rank, world=4)
    assert [one.rank for one in glances(rank_files(tmp_path))] == [1, 3]
