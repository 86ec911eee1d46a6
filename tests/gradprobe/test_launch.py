"""Which rank a process is, by what launchers tell it."""

import pytest

from gradprobe.launch import Launch, launch

ADDRESS = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


@pytest.mark.parametrize(
    ("environment", "rank", "world"),
    [
        ({}, 0, 1),
        ({"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4"}, 3, 4),
        # Lightning tells the processes that it starts no rank; on the first node it is the local one.
        ({"LOCAL_RANK": "1", "NODE_RANK": "0", "WORLD_SIZE": "2"}, 1, 2),
        ({"LOCAL_RANK": "1", "NODE_RANK": "1", "WORLD_SIZE": "4"}, 0, 1),
        ({"LOCAL_RANK": "1"}, 0, 1),
        ({"LOCAL_RANK": "one", "NODE_RANK": "0", "WORLD_SIZE": "2"}, 0, 1),
    ],
)
def test_rank_and_world(environment, rank, world):
    found = launch(environment)
    assert (found.rank, found.world) == (rank, world)


def test_ranks_of_one_job_find_each_other():
    jobs = {launch({**ADDRESS, "LOCAL_RANK": rank, "NODE_RANK": "0", "WORLD_SIZE": "2"}).job for rank in ("0", "1")}
    assert len(jobs) == 1
    assert jobs != {""}
    assert launch({"LOCAL_RANK": "0", "NODE_RANK": "0", "WORLD_SIZE": "1"}) == Launch()
