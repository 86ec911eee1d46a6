"""The processes of a run, held against each other."""

import os
import platform
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradprobe.errors import RecordError
from gradprobe.record.directory import child_path, rank_files
from gradprobe.record.failures import first_to_fail
from gradprobe.record.ranks import judged, read_rank, read_ranks
from gradprobe.record.run import read_run
from gradprobe.values import ClipCall
from tests.support.jobs import BACKWARD, write_rank

WEIGHTS = "wrapped-parameters"


def job(run, *digests, **options):
    for rank, one in enumerate(digests):
        write_rank(run, rank, world=len(digests), digests=one, **options)
    return read_ranks(rank_files(run))


def weights(*bits, step=0, norms=(1.0, 2.0), positions=(0, 1)):
    return {(WEIGHTS, step): (positions, bits, norms)}


def test_replicas_that_are_alike_have_not_parted(tmp_path):
    found = job(tmp_path / "run", weights(5, 6), weights(5, 6), weights(5, 6))
    assert (found.parted, found.compared[WEIGHTS], len(found.all)) == ((), 1, 3)


def test_a_rank_that_differs_is_told_with_parameters_and_distance(tmp_path):
    found = job(tmp_path / "run", weights(5, 6), weights(5, 6), weights(5, 7, norms=(1.0, 1.0)))
    (parted,) = found.parted
    assert (parted.rank, parted.what, parted.step, parted.positions, parted.distance) == (2, WEIGHTS, 0, (1,), 0.5)


def test_of_two_digests_of_a_step_the_newer_counts(tmp_path):
    """Local SGD: the weights are digested once more when they have been averaged."""
    for rank, bits in enumerate((5, 7)):
        twice = [((WEIGHTS, 0), ((0, 1), (bits, 6), (bits, 2.0))), ((WEIGHTS, 0), ((0,), (9,), (3.0,)))]
        write_rank(tmp_path / "run", rank, digests=twice)
    assert read_ranks(rank_files(tmp_path / "run")).parted == ()


def test_what_one_of_two_has_not_digested_is_not_held_against_it(tmp_path):
    found = job(tmp_path / "run", weights(5, -1), weights(5, 7), weights(5, 6, step=1))
    assert found.parted == ()


def test_digests_are_matched_by_name_where_ranks_number_parameters_differently(tmp_path):
    write_rank(tmp_path / "run", 0, digests=weights(5, 6))
    write_rank(tmp_path / "run", 1, names=("model.0.bias", "model.0.weight"), digests=weights(6, 5, norms=(2.0, 1.0)))
    assert read_ranks(rank_files(tmp_path / "run")).parted == ()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=2, max_size=4))
def test_a_difference_is_found_exactly_where_one_is(tmp_path_factory, bits):
    run = tmp_path_factory.mktemp("job")
    names = ("a.w", "b.w", "c.w")
    digests = [{(WEIGHTS, 0): (range(3), row, [1.0 + one for one in row])} for row in bits]
    found = job(run, *digests, names=names, norms=(1.0, 1.0, 1.0))
    told = {(one.rank, at) for one in found.parted for at in one.positions}
    expected = {(rank, at) for rank, row in enumerate(bits) for at in range(3) if row[at] != bits[0][at]}
    assert told == expected


def batches(*bits):
    return {("batch", step): ((), (one,), (1.0,)) for step, one in enumerate(bits)}


@pytest.mark.parametrize(
    ("rows", "same", "all_steps", "different"),
    [
        ([(1, 2, 3), (1, 2, 3)], 3, 3, 3),
        ([(1, 2, 3), (4, 5, 6)], 0, 3, 3),
        ([(1, 1, 1), (1, 1, 1)], 3, 3, 1),
        ([(1, 2, 3), (1, 2, 3), (1, 2, 9)], 2, 3, 3),
        ([(1, 2, 3), (1,)], 1, 1, 1),
    ],
)
def test_same_batches_are_counted(tmp_path, rows, same, all_steps, different):
    found = job(tmp_path / "run", *(batches(*row) for row in rows))
    assert (found.same_batches, found.batches, found.different_batches) == (same, all_steps, different)


def test_records_of_before_digests_are_read(tmp_path):
    import sqlite3

    for rank in (0, 1):
        path = write_rank(tmp_path / "run", rank)
        with sqlite3.connect(path) as connection:
            connection.execute("DROP TABLE digests")
    assert read_ranks(rank_files(tmp_path / "run")).compared == {}


def test_one_rank_of_each_kind_is_judged(tmp_path):
    """What happened counts, not how often or how large: ranks 1 and 3 clip, rank 4 raised."""
    clip = ClipCall(BACKWARD, "norm", 1.0)
    for rank in range(5):
        ending = {"exit_code": 1, "exception": "ValueError: bad", "stopped_by": "exception"} if rank == 4 else {}
        calls = [clip] if rank in (1, 3) else []
        write_rank(tmp_path / "run", rank, world=5, steps=3 + rank, norms=(1.0, 1.0 + rank), calls=calls, **ending)
    found = read_ranks(rank_files(tmp_path / "run"))
    assert [one.number for one in judged(found)] == [0, 1, 4]
    assert [one.steps for one in found.all] == [3, 4, 5, 6, 7]
    assert [one.clips for one in found.all[:2]] == [{}, {BACKWARD: 1}]
    assert [one.loss for one in found.all] == [2.0 - (2 + rank) / 40 + rank for rank in range(5)]


def test_a_rank_whose_learning_rate_is_zero_is_judged_as_well(tmp_path):
    for rank, rate in enumerate((1e-3, 1e-2, 0.0)):
        write_rank(tmp_path / "run", rank, world=3, rate=rate)
    assert [one.number for one in judged(read_ranks(rank_files(tmp_path / "run")))] == [0, 2]


def test_a_program_that_failed_is_told_though_only_those_that_it_started_trained(tmp_path):
    """As where a pool hands the exception of a task to the program that gave it."""
    run = tmp_path / "run"
    write_rank(run, 0, world=1, steps=0, exit_code=1, stopped_by="exception", exception="ValueError: no")
    write_rank(run, 0, world=1, path=child_path(run, 7), pid=7, child=True)
    ranks = read_run(run).ranks
    assert [(one.steps, one.exception) for one in ranks.all] == [(0, "ValueError: no"), (3, None)]
    assert first_to_fail(ranks.all) is ranks.all[0]


def test_the_process_that_trained_is_shown_and_not_the_one_that_started_it(tmp_path):
    run = tmp_path / "run"
    write_rank(run, 0, world=1, steps=0, norms=(), names=())
    for number, pid in enumerate((40, 7)):
        write_rank(run, number, world=2, path=child_path(run, pid), pid=pid, child=True)
    shown = read_run(run)
    assert [(one.number, one.pid) for one in shown.ranks.all] == [(0, 40), (1, 7)]
    assert (shown.facts.pid, shown.facts.ranks, shown.facts.steps) == (40, 2, 3)


@pytest.mark.parametrize(("age", "is_gone"), [(0, False), (60, True)])
def test_a_process_of_another_machine_is_gone_when_it_was_silent_for_long(tmp_path, age, is_gone):
    run = tmp_path / "run"
    write_rank(run, 0)
    path = write_rank(run, 1, host="elsewhere", exit_code=None, stopped_by=None, seconds=None)
    past = time.time() - age
    os.utime(path, (past, past))
    assert [one.is_gone for one in read_run(run).ranks.all] == [False, is_gone]


def test_ranks_keep_their_numbers_beside_children(tmp_path):
    run = tmp_path / "run"
    for rank in (0, 1):
        write_rank(run, rank)
    write_rank(run, 0, path=child_path(run, 40), pid=40, child=True)
    write_rank(run, 1, path=child_path(run, 41), pid=41)  # A second attempt of rank 1.
    assert [(one.number, one.pid) for one in read_run(run).ranks.all] == [(0, 1), (1, 2), (2, 40), (3, 41)]


def test_processes_that_nobody_numbered_are_numbered(tmp_path):
    run = tmp_path / "run"
    for pid in (40, 7, 9):
        write_rank(run, 0, world=1, path=child_path(run, pid), pid=pid, child=True)
    assert [(one.number, one.pid) for one in read_run(run).ranks.all] == [(0, 7), (1, 9), (2, 40)]


@pytest.mark.parametrize(("code", "is_gone"), [(0, False), (1, True)])
def test_a_child_that_is_gone_failed_only_if_the_program_that_started_it_did(tmp_path, code, is_gone):
    """An actor that learns in the background is terminated at the end, and nothing is wrong with that."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    run = tmp_path / "run"
    write_rank(run, 0, world=1, exit_code=code)
    ending = {"exit_code": None, "stopped_by": None, "seconds": None, "host": platform.node(), "pid": child}
    write_rank(run, 1, world=1, path=child_path(run, child), child=True, **ending)
    ranks = read_run(run).ranks.all
    assert [one.is_gone for one in ranks] == [False, True]
    assert [one.is_forgiven for one in ranks] == [False, not is_gone]


def test_a_damaged_record_does_not_lose_the_others(tmp_path):
    run = tmp_path / "run"
    write_rank(run, 0)
    write_rank(run, 2, world=3)
    (run / "rank-1.sqlite").write_bytes(b"SQLite format 3\0" + bytes(100))
    assert [one.number for one in read_run(run).ranks.all] == [0, 2]
    for path in (run / "rank-0.sqlite", run / "rank-2.sqlite"):
        path.write_text("no record")
    with pytest.raises(RecordError, match="rank-0"):
        read_run(run)


def test_a_rank_is_read_without_its_steps(tmp_path):
    rank = read_rank(write_rank(tmp_path / "run", 1, steps=4, host="node-7", pid=77))
    assert (rank.number, rank.world, rank.host, rank.pid, rank.steps, rank.trained) == (1, 2, "node-7", 77, 4, True)
    assert (rank.names, rank.digests, rank.ended) == (("model.0.weight", "model.0.bias"), {}, 1e9 + 10)
    assert not np.isnan(rank.loss)
