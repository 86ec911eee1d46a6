"""How one rank of a run stands, read from its record without touching the run."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.errors import RecordError
from gradprobe.processes import is_alive
from gradprobe.record.reader import read_record

if TYPE_CHECKING:
    from pathlib import Path

    from gradprobe.record.record import Record

SILENT: Final = 10.0
"""Seconds without a word after which the process of a run is looked for."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One rank.

    Attributes:
        rank: Its number.
        record: Its record; None where there is none to read yet.
        idle: Seconds since it was last written to.
    """

    rank: int
    record: Record | None
    idle: float

    @property
    def has_trained(self) -> bool:
        """Whether it has a step."""
        return self.record is not None and len(self.record.steps) > 0

    @property
    def is_over(self) -> bool:
        """Whether the run has ended, or its process is gone."""
        if self.record is None:
            return False
        facts = self.record.facts
        if facts.stopped_by is not None or facts.exit_code is not None:
            return True
        return self.idle > SILENT and facts.host == platform.node() and not is_alive(facts.pid)

    @property
    def loss(self) -> float | None:
        """The newest value of the first loss; None where there is none."""
        for metric in self.record.metrics.values() if self.record is not None else ():
            if metric.source == "loss" and len(metric.values):
                return float(metric.values[-1])
        return None

    @property
    def norm(self) -> float | None:
        """The newest gradient norm over all parameters; None where there was no gradient."""
        if self.record is None or not len(self.record.steps):
            return None
        newest = self.record.steps.norms[-1].astype(np.float64)
        there = newest[~(newest < 0)]
        return float(np.sqrt(np.square(there).sum())) if len(there) else None


def glances(paths: Iterable[Path]) -> list[Glance]:
    """Look at the records of a run, by rank; processes that no job numbers are numbered as they come.

    Args:
        paths: The files, `rank-0.sqlite` or `process-4711.sqlite`.

    Raises:
        RecordError: If one is a record and cannot be read.
    """
    found = [glance(path) for path in paths]
    if len({one.rank for one in found}) < len(found):
        order = sorted(found, key=lambda one: (not one.has_trained, one.rank))
        found = [replace(one, rank=number) for number, one in enumerate(order)]
    return found


def glance(path: Path) -> Glance:
    """Look at the record of one rank.

    Args:
        path: The file.

    Raises:
        RecordError: If it is a record and cannot be read.
    """
    rank = int("".join(letter for letter in path.stem if letter.isdigit()) or 0)
    newest = max((_written(other) for other in (path, path.with_name(f"{path.name}-wal"))), default=0.0)
    idle = max(time.time() - newest, 0.0)
    try:
        record = read_record(path)
        return Glance(record.facts.rank, record, idle)
    except RecordError:
        if idle < SILENT:  # It is just being made.
            return Glance(rank, None, idle)
        raise


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
