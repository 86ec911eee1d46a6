"""A run directory read as one run: the process that is shown, with what the others recorded held against it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gradprobe.record.directory import find_run, rank_files
from gradprobe.record.failures import without_collateral
from gradprobe.record.ranks import judged, read_ranks
from gradprobe.record.reader import read_record
from gradprobe.record.shards import with_whole_norms

if TYPE_CHECKING:
    from gradprobe.record.record import Record


def read_run(named: Path | None) -> Record:
    """Return the record of a run: of its only process, or of the lowest rank that trained, with what others saw beside it.

    Args:
        named: A run directory, or the record of one process in it; None for the newest run.

    Raises:
        RecordError: If there is none, or it cannot be read.
    """
    if named is not None and named.is_file():
        return read_record(named)
    paths = rank_files(find_run(named))
    if len(paths) == 1:
        return read_record(paths[0])
    ranks = read_ranks(paths)
    shown, *others = judged(ranks)
    record = read_record(shown.path, ranks=len(ranks.all))
    record = replace(record, facts=replace(record.facts, is_gone=shown.is_gone and not shown.is_forgiven))
    if len(ranks.all) == 1:
        return record
    rest = [read_record(one.path) for one in others]
    record, *rest = (without_collateral(with_whole_norms(one, ranks.all), ranks.all) for one in (record, *rest))
    return replace(record, ranks=ranks, others=tuple(rest))
