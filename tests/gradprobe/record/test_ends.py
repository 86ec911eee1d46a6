"""Waiting for the other processes of a run."""

import os
import platform
import threading
import time

from gradprobe.record.ends import await_ends
from tests.support.jobs import write_rank


def waited(run, seconds=5.0):
    began = time.monotonic()
    await_ends(run, seconds=seconds)
    return time.monotonic() - began


def still_running(run, rank, pid):
    return write_rank(run, rank, host=platform.node(), pid=pid, exit_code=None, stopped_by=None, seconds=None)


def test_nobody_waits_for_records_that_have_ended(tmp_path):
    write_rank(tmp_path / "run", 0)
    write_rank(tmp_path / "run", 1)
    assert waited(tmp_path / "run") < 1


def test_nobody_waits_for_a_process_that_is_gone(tmp_path):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    still_running(tmp_path / "run", 1, child)
    assert waited(tmp_path / "run") < 1


def test_the_wait_is_over_when_the_last_has_ended(tmp_path):
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    still_running(tmp_path / "run", 1, child)

    def end():
        os.kill(child, 9)
        os.waitpid(child, 0)

    timer = threading.Timer(0.5, end)
    timer.start()
    assert 0.4 < waited(tmp_path / "run", 30.0) < 20
    timer.join()


def test_the_wait_is_over_when_it_has_been_long_enough(tmp_path):
    still_running(tmp_path / "run", 1, os.getpid())
    assert 0.2 < waited(tmp_path / "run", 0.3) < 3


def test_a_damaged_record_is_for_others_to_complain_about(tmp_path):
    (tmp_path / "rank-0.sqlite").write_text("no record")
    assert waited(tmp_path) < 1
