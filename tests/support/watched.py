"""What deep steps saw of a piece of code, for tests of the recorder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gradprobe
from gradprobe.record.record import Record
from gradprobe.values import GradCut, LossReach, Observation


def watched(code: Callable[[], object], folder: Path) -> Record:
    """Run code under the recorder; return its record."""
    with gradprobe.watch(folder) as watch:
        code()
    return watch.run().record


def cuts_of(record: Record) -> list[GradCut]:
    return [seen.observed for seen in record.observations if isinstance(seen.observed, GradCut)]


def reaches_of(record: Record) -> list[LossReach]:
    return [seen.observed for seen in record.observations if isinstance(seen.observed, LossReach)]


def observed(record: Record, what: str) -> list[Observation]:
    return [
        seen.observed
        for seen in record.observations
        if isinstance(seen.observed, Observation) and seen.observed.what == what
    ]
