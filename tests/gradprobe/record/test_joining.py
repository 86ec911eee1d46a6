"""One run directory for all processes of a job, without a word between them."""

import json
import multiprocessing
import os
import time

import pytest

from gradprobe.launch import Launch
from gradprobe.record.create import create_record
from gradprobe.record.directory import create_run, record_path
from gradprobe.record.joining import LATEST, NOTE, claim_judgement

WORLD = 16


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def begun(rank, job="abc", world=WORLD):
    run = create_run("train.py", output=None, launched=Launch(rank, world, job))
    create_record(record_path(run, rank), {"rank": rank}).close()
    return run


def _racing(place, rank, barrier, found):
    os.chdir(place)
    barrier.wait(30)
    found.put((rank, str(begun(rank))))


def test_ranks_that_begin_at_the_same_moment_find_one_directory(here):
    context = multiprocessing.get_context("fork")
    barrier, found = context.Barrier(WORLD), context.Queue()
    children = [context.Process(target=_racing, args=(here, rank, barrier, found)) for rank in range(WORLD)]
    for child in children:
        child.start()
    runs = dict(found.get(timeout=60) for _ in children)
    for child in children:
        child.join()
    assert len(runs) == WORLD
    assert len(set(runs.values())) == 1
    assert len(list((here / ".gradprobe").glob("train-*/rank-*.sqlite"))) == WORLD
    assert not (here / ".gradprobe" / ".joining").exists()


def test_a_second_run_of_the_same_job_gets_a_directory_of_its_own(here):
    """Where nothing tells two jobs apart but that this rank's record is there already."""
    first = [begun(rank, world=2) for rank in (0, 1)]
    second = [begun(rank, world=2) for rank in (1, 0)]
    assert len(set(first)) == len(set(second)) == 1
    assert first[0] != second[0]


def test_another_job_and_an_old_one_are_not_joined(here):
    first = begun(0)
    assert begun(1, job="def") != first
    note = json.loads((first / NOTE).read_text())
    (first / NOTE).write_text(json.dumps({**note, "time": time.time() - LATEST - 1}))
    assert begun(1) != first


def test_one_process_of_a_job_judges(here):
    run = begun(0)
    assert [claim_judgement(run) for _ in range(3)] == [True, False, False]
    assert claim_judgement(here / "nowhere")


def test_a_lock_that_was_left_behind_is_passed_over(here):
    lock = here / ".gradprobe" / ".joining"
    lock.mkdir(parents=True)
    os.utime(lock, (time.time() - 60,) * 2)
    began = time.monotonic()
    assert begun(1) == begun(0)
    assert time.monotonic() - began < 4
    assert not lock.exists()


def test_damaged_notes_of_others_do_no_harm(here):
    for name, text in (
        ("one", "{"),
        ("two", "[]"),
        ("three", '{"job": "abc"}'),
        ("four", '{"job": "abc", "time": "x"}'),
    ):
        (here / ".gradprobe" / name).mkdir(parents=True)
        (here / ".gradprobe" / name / NOTE).write_text(text)
    assert begun(0) == begun(1)
