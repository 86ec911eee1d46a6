"""Which rank of which job this process was launched as, from what launchers put into the environment."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_RANKS: Final = (
    ("RANK", "WORLD_SIZE"),  # torchrun, accelerate, and scripts that follow torch.distributed's env:// method
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),  # srun alone says the second; a batch script's own shell is no rank
)
_JOB: Final = (
    *("MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT"),
    *("SLURM_JOB_ID", "SLURM_STEP_ID", "OMPI_MCA_ess_base_jobid", "PMIX_NAMESPACE"),
)


@dataclass(frozen=True, slots=True)
class Launch:
    """A process of a job.

    Attributes:
        rank: Its number among the job's processes; 0 where it is alone.
        world: How many processes the job has; 1 where it is alone.
        restarts: How often its launcher has started the job anew.
        job: The same for all processes of the job, and for no other job at the same time; empty where nothing tells jobs apart.
    """

    rank: int = 0
    world: int = 1
    job: str = ""
    restarts: int = 0

    @property
    def is_alone(self) -> bool:
        """Whether this is the job's only process."""
        return self.world == 1


def launch(environment: Mapping[str, str] = os.environ) -> Launch:
    """Return what the environment says of this process; alone where it says nothing that makes sense."""
    for rank_name, world_name in _RANKS:
        rank, world = environment.get(rank_name, ""), environment.get(world_name, "")
        if rank.isdecimal():
            number, size = int(rank), int(world) if world.isdecimal() else 1
            return _launched(environment, number, size)
    return _by_lightning(environment)


def _launched(environment: Mapping[str, str], number: int, size: int) -> Launch:
    restarts = environment.get("TORCHELASTIC_RESTART_COUNT", "")
    return Launch(
        number,
        max(size, number + 1),
        _job(environment, size) if size > 1 else "",
        int(restarts) if restarts.isdecimal() else 0,
    )


def _by_lightning(environment: Mapping[str, str]) -> Launch:
    """Return what Lightning tells the processes that it starts by itself: no rank, but one within the node.

    On other nodes than the first the rank would take the number of processes of a node, which it does not tell.
    """
    local, world = environment.get("LOCAL_RANK", ""), environment.get("WORLD_SIZE", "")
    if local.isdecimal() and world.isdecimal() and environment.get("NODE_RANK") == "0":
        return _launched(environment, int(local), int(world))
    return Launch()


def _job(environment: Mapping[str, str], world: int) -> str:
    words = [environment[name] for name in _JOB if environment.get(name)]
    return hashlib.sha256("\n".join([*words, str(world)]).encode()).hexdigest()[:16] if words else ""
