"""Which process failed first, and what the others raised only because it was gone."""

from dataclasses import replace

import pytest

from gradprobe.record.failures import first_to_fail, without_collateral
from gradprobe.record.ranks import read_rank
from gradprobe.record.record import IncidentSeen
from gradprobe.values import Crashed, StepSkipped
from tests.support.jobs import write_rank
from tests.support.records import SITE, record

LOST = "RuntimeError: [gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:5"


@pytest.fixture
def rank(tmp_path):
    return read_rank(write_rank(tmp_path / "run"))


def ranks(rank, *endings):
    """Ranks that ended one second after the other."""
    return [
        replace(rank, number=at, ended=float(at), likeness=hash(str(ending)), path=f"rank-{at}", **ending)
        for at, ending in enumerate(endings)
    ]


WELL = {}
RAISED = {"exception": "ValueError: bad", "exit_code": 1, "stopped_by": "exception"}
ALONE = {"exception": LOST, "exit_code": 1, "stopped_by": "exception"}
SIGNAL = {"exit_code": 143, "stopped_by": "signal"}
KILLED = {"exit_code": None, "stopped_by": None, "is_gone": True}
RUNS = {"exit_code": None, "stopped_by": None}
CODE = {"exit_code": 3}


@pytest.mark.parametrize(
    ("endings", "first"),
    [
        ([WELL, WELL], None),
        ([RUNS, RUNS], None),
        ([WELL, RAISED], 1),
        ([RAISED, RAISED], 0),
        ([SIGNAL, RAISED], 1),
        ([ALONE, RAISED], 1),
        ([ALONE, KILLED], 1),
        ([KILLED, ALONE], 0),
        ([SIGNAL, SIGNAL], None),
        ([WELL, ALONE], 1),
        ([KILLED, CODE], 1),
    ],
)
def test_the_first_to_fail_is_the_one_that_the_others_followed(rank, endings, first):
    found = first_to_fail(ranks(rank, *endings))
    assert (None if found is None else found.number) == first


def crashed(path):
    seen = [
        IncidentSeen(Crashed(SITE, "RuntimeError", LOST, "backward"), 1, 2, 2),
        IncidentSeen(StepSkipped(SITE, 0), 1, 0, 0),
    ]
    made = record({"net": ["w"]}, steps=3, incidents=seen, path="/run")
    return replace(made, path=path)


def test_what_a_rank_raised_because_another_was_gone_is_not_its_own_fault(rank):
    all_ranks = ranks(rank, ALONE, RAISED)
    first, second = (without_collateral(crashed(one.path), all_ranks) for one in all_ranks)
    assert [type(seen.incident) for seen in first.incidents] == [StepSkipped]
    assert len(second.incidents) == 2


def test_a_mistake_that_all_ranks_made_stays_on_all_of_them(rank):
    all_ranks = ranks(rank, RAISED, RAISED)
    assert all(len(without_collateral(crashed(one.path), all_ranks).incidents) == 2 for one in all_ranks)
