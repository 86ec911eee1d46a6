"""Which rank of which job a process is."""

import pytest

from gradprobe.launch import Launch, launch

TORCHRUN = {"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "3", "MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29500"}


def test_a_process_that_nobody_launched_is_alone():
    assert launch({}) == Launch(0, 1, "")
    assert launch({}).is_alone


@pytest.mark.parametrize(
    ("environment", "rank", "world"),
    [
        (TORCHRUN, 3, 8),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, 1, 2),
        ({"PMI_RANK": "5", "PMI_SIZE": "6"}, 5, 6),
        ({"SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "4", "SLURM_JOB_ID": "77"}, 2, 4),
        ({"RANK": "0", "WORLD_SIZE": "1"}, 0, 1),
        # Lightning tells the processes that it starts no rank; on the first node it is the local one.
        ({"LOCAL_RANK": "1", "NODE_RANK": "0", "WORLD_SIZE": "2"}, 1, 2),
        ({"LOCAL_RANK": "1", "NODE_RANK": "1", "WORLD_SIZE": "4"}, 0, 1),
        ({"LOCAL_RANK": "1"}, 0, 1),
        ({"LOCAL_RANK": "one", "NODE_RANK": "0", "WORLD_SIZE": "2"}, 0, 1),
    ],
)
def test_launchers_say_who_a_process_is(environment, rank, world):
    found = launch(environment)
    assert (found.rank, found.world, found.is_alone) == (rank, world, world == 1)


@pytest.mark.parametrize("environment", [{"RANK": "first", "WORLD_SIZE": "two"}, {"RANK": "-1"}, {"WORLD_SIZE": "4"}])
def test_what_makes_no_sense_is_nobody(environment):
    assert launch(environment).is_alone


def test_a_rank_beyond_the_size_of_its_job_widens_it():
    assert launch({"RANK": "3", "WORLD_SIZE": "2"}).world == 4


def test_a_batch_script_of_slurm_is_no_rank():
    """It has SLURM_PROCID=0 although `srun` has not started anything."""
    assert launch({"SLURM_PROCID": "0", "SLURM_JOB_ID": "77", "SLURM_NTASKS": "4"}).is_alone


def test_all_processes_of_a_job_have_one_name_for_it_and_other_jobs_have_others():
    ranks = [launch({**TORCHRUN, "RANK": str(rank)}) for rank in range(8)]
    assert len({one.job for one in ranks}) == 1
    assert ranks[0].job
    others = [{"MASTER_PORT": "29501"}, {"WORLD_SIZE": "9"}, {"TORCHELASTIC_RESTART_COUNT": "1"}, {"SLURM_JOB_ID": "9"}]
    assert len({launch({**TORCHRUN, **other}).job for other in others} | {ranks[0].job}) == 5


def test_an_attempt_after_another_is_told():
    assert [launch({**TORCHRUN, **more}).restarts for more in ({}, {"TORCHELASTIC_RESTART_COUNT": "2"})] == [0, 2]


def test_processes_that_lightning_starts_find_each_other():
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500", "NODE_RANK": "0", "WORLD_SIZE": "2"}
    jobs = {launch({**address, "LOCAL_RANK": rank}).job for rank in ("0", "1")}
    assert len(jobs) == 1
    assert jobs != {""}
    assert launch({**address, "LOCAL_RANK": "0", "WORLD_SIZE": "1"}) == Launch()
