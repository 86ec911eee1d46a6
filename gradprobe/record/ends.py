"""Waiting, not long, for the other processes of a run to end their records, so that they are judged whole."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from pathlib import Path
from typing import Final

from gradprobe.errors import RecordError
from gradprobe.record.directory import rank_files
from gradprobe.record.reader import is_gone, opened

_PAUSE: Final = 0.05


def await_ends(run: Path, *, seconds: float, but: Collection[int] = ()) -> None:
    """Wait until every process that records into a run has ended its record, or is gone; or until the time is over.

    Args:
        run: The run directory.
        seconds: How long to wait at most.
        but: Processes that nobody is to wait for.
    """
    deadline = time.monotonic() + seconds
    ended: set[Path] = set()
    while time.monotonic() < deadline:
        files = rank_files(run)
        ended.update(path for path in files if path not in ended and _has_ended(path, but))
        if ended.issuperset(files):
            return
        time.sleep(_PAUSE)


def _has_ended(path: Path, but: Collection[int]) -> bool:
    """Return whether a record was ended, nobody is left to end it, or nobody is to wait for that."""
    try:
        with opened(path) as connection:
            query = "SELECT key, value FROM facts WHERE key IN ('pid', 'host', 'stopped_by')"
            facts = {key: json.loads(value) for key, value in connection.execute(query)}
    except RecordError:
        return True  # Whoever reads the run says what is wrong with it.
    return facts.get("stopped_by") is not None or facts.get("pid", 0) in but or is_gone(facts)
