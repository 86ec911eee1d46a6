"""Waiting, not long, for the other processes of a run to end their records, so that they are judged whole."""

from __future__ import annotations

import json
import platform
import time
from pathlib import Path
from typing import Final

from gradprobe.errors import RecordError
from gradprobe.processes import is_alive
from gradprobe.record.directory import rank_files
from gradprobe.record.reader import opened

_PAUSE: Final = 0.05


def await_ends(run: Path, *, seconds: float) -> None:
    """Wait until every process that records into a run has ended its record, or is gone; or until the time is over.

    Args:
        run: The run directory.
        seconds: How long to wait at most.
    """
    deadline = time.monotonic() + seconds
    ended: set[Path] = set()
    while time.monotonic() < deadline:
        files = rank_files(run)
        ended.update(path for path in files if path not in ended and _has_ended(path))
        if ended.issuperset(files):
            return
        time.sleep(_PAUSE)


def _has_ended(path: Path) -> bool:
    """Return whether a record was ended, or nobody is left to end it."""
    try:
        with opened(path) as connection:
            query = "SELECT key, value FROM facts WHERE key IN ('exit_code', 'pid', 'host', 'stopped_by')"
            facts = {key: json.loads(value) for key, value in connection.execute(query)}
    except RecordError:
        return True  # Whoever reads the run says what is wrong with it.
    if facts.get("stopped_by") is not None:
        return True
    return facts.get("host") == platform.node() and not is_alive(int(facts.get("pid", 0)))
