"""What was found on the processes of a run, as one list."""

from dataclasses import replace

import pytest

from gradprobe.engine.judge import judge
from gradprobe.engine.not_seen import not_seen
from gradprobe.engine.rank_rows import rank_rows
from gradprobe.engine.ranks import check_all, rank_list
from gradprobe.extensions import Check
from gradprobe.policy import load_policy
from gradprobe.record.run import read_run
from gradprobe.values import ClipCall, Confidence, Finding, Severity, Verdict
from tests.support.jobs import BACKWARD, write_rank

FAILED = {"exit_code": 1, "exception": "ValueError: bad", "stopped_by": "exception"}


def find_clips(record):
    """Find every clipping, as a check of one process does."""
    for seen in record.calls:
        if isinstance(seen.call, ClipCall):
            yield Finding(
                "clips",
                "X1",
                Severity.ERROR,
                Confidence.CERTAIN,
                "clips",
                "It clips.",
                "do not",
                "",
                seen.call.site,
                0,
                0,
            )


CHECK = Check(name="clips", code="X1", find=find_clips, page="# clips (X1)")


def job(run, clipping, **of_last):
    """Four ranks, of which some clip."""
    for rank in range(4):
        calls = [ClipCall(BACKWARD, "norm", 1.0)] if rank in clipping else []
        write_rank(run, rank, world=4, calls=calls, **(of_last if rank == 3 else {}))
    return read_run(run)


def test_what_all_ranks_saw_is_said_once_and_without_their_numbers(tmp_path):
    findings, runs = check_all(job(tmp_path / "run", {0, 1, 2, 3}), [CHECK])
    assert [(one.message, dict(one.evidence)) for one in findings] == [("It clips.", {})]
    assert [run.error for run in runs] == [""]


def test_what_some_ranks_saw_is_said_with_their_numbers(tmp_path):
    findings, _ = check_all(job(tmp_path / "run", {1, 3}), [CHECK])
    assert [one.message for one in findings] == ["On ranks 1, 3: It clips."]
    assert findings[0].evidence["ranks"] == "1, 3"


def test_a_check_that_fails_on_another_rank_alone_is_told(tmp_path):
    def find(record):
        if record.facts.rank == 1:
            raise LookupError("a fault of the check")
        return iter(())

    _, runs = check_all(job(tmp_path / "run", {1}), [replace(CHECK, find=find)])
    assert "a fault of the check" in runs[0].error


@pytest.mark.parametrize(
    ("numbers", "words"),
    [([3], "rank 3"), ([0, 2], "ranks 0, 2"), (list(range(11)), "ranks 0, 1, 2, 3, 4, 5, 6, 7 and 3 more")],
)
def test_ranks_in_words(numbers, words):
    assert rank_list(numbers) == words


def test_a_job_whose_rank_failed_is_not_healthy_and_says_which(tmp_path):
    record = job(tmp_path / "run", (), steps=2, seconds=4.0, **FAILED)
    report = judge(record, load_policy("default"), [])
    assert report.verdict is Verdict.WARNING
    assert [(row.rank, row.steps, row.ending, row.failed_first) for row in report.ranks] == [
        *((rank, 3, "", False) for rank in range(3)),
        (3, 2, "ValueError: bad", True),
    ]
    assert "Rank 3 failed first, after 2 steps, 6.0 s before the last: ValueError: bad." in report.not_seen
    assert "Steps differ from rank to rank: 2 on rank 3, 3 at the most." in report.not_seen


@pytest.mark.parametrize(
    ("facts", "ending"),
    [
        ({"exit_code": 143, "stopped_by": "signal"}, "ended by a signal"),
        ({"exit_code": 3}, "exit code 3"),
        ({"exit_code": None, "stopped_by": None, "seconds": None}, "still running"),
    ],
)
def test_how_a_rank_ended(tmp_path, facts, ending):
    assert rank_rows(job(tmp_path / "run", (), **facts))[3].ending == ending


def test_ranks_that_left_no_record_are_missed(tmp_path):
    for rank in (0, 3):
        write_rank(tmp_path / "run", rank, world=4)
    assert not_seen(read_run(tmp_path / "run"))[-2:] == (
        "No record of 2 other ranks of this job is here: what they did was not seen.",
        "The norms and losses here are those of rank 0 of 2.",
    )


def test_one_process_has_no_table_of_ranks(tmp_path):
    write_rank(tmp_path / "run", 0, world=1)
    assert rank_rows(read_run(tmp_path / "run")) == ()
